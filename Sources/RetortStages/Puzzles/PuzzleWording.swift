internal import RetortCore

/// How a puzzle is told. Every sentence begins with a name, so that it reads the same at the start of a condition and
/// inside a longer sentence: what is quoted elsewhere is then literally part of the question.
struct PuzzleWording: Sendable {
  let people: [String]
  let values: [String]
  /// What the scene is, as one sentence without its full stop; `%` stands for the names.
  let scene: String
  let does: String
  let doesNot: String
  /// For two people with one value, and with two.
  let same: String
  let different: String

  func text(_ claim: Claim) -> String {
    switch claim {
    case .has(let person, let value): "\(people[person]) \(does) \(values[value])"
    case .before(let first, let second): "\(people[first]) \(does) before \(people[second])"
    case .justBefore(let first, let second):
      "\(people[first]) \(does) immediately before \(people[second])"
    case .nextTo(let first, let second): "\(people[first]) \(does) next to \(people[second])"
    case .opposite(let first, let second): "\(people[first]) \(does) opposite \(people[second])"
    case .same(let first, let second): "\(people[first]) and \(people[second]) \(same)"
    case .not(.has(let person, let value)): "\(people[person]) \(doesNot) \(values[value])"
    case .not(.justBefore(let first, let second)):
      "\(people[first]) \(doesNot) immediately before \(people[second])"
    case .not(.nextTo(let first, let second)): "\(people[first]) \(doesNot) next to \(people[second])"
    case .not(.opposite(let first, let second)): "\(people[first]) \(doesNot) opposite \(people[second])"
    case .not(.same(let first, let second)): "\(people[first]) and \(people[second]) \(different)"
    case .not(let claim): "\(people[claim.persons.min() ?? 0]) is mistaken in that \(text(claim))"
    case .implies(let condition, let consequence): "\(text(consequence)) if \(text(condition))"
    case .says(let speaker, let claim): "\(people[speaker]) says that \(text(claim))"
    }
  }

  func query(_ ask: Puzzle.Ask, suppose: Claim?) -> String {
    let question =
      switch ask {
      case .must: "which one of the following must be true?"
      case .could: "which one of the following could be true?"
      case .cannot: "which one of the following cannot be true?"
      }
    if let suppose { return "If \(text(suppose)), \(question)" }
    return question.prefix(1).uppercased() + question.dropFirst()
  }

  var sceneText: String {
    let names = people.dropLast().joined(separator: ", ") + " and " + (people.last ?? "")
    return scene.replacing("%", with: names)
  }

  /// The context: the scene, then the numbered conditions.
  func context(_ conditions: [Claim]) -> String {
    let numbered = conditions.enumerated().map { "(\($0.offset + 1)) \(text($0.element))." }
    return "\(sceneText). The following is known: \(numbered.joined(separator: " "))"
  }
}

extension PuzzleWording {
  private static let names = [
    "Ada", "Ben", "Cora", "Dan", "Eva", "Finn", "Gina", "Hugo", "Iris", "Jack", "Kira", "Leo", "Mona", "Ned",
    "Olga", "Paul", "Rosa", "Sam", "Tess", "Vera", "Will", "Yara", "Zeno",
  ]
  private static let ordinals = ["first", "second", "third", "fourth", "fifth", "sixth"]

  /// A telling for so many people and values, drawn from the themes of the kind.
  static func draw(_ shape: PuzzleShape, _ random: inout SplitMix64) -> PuzzleWording {
    let people = Array(random.shuffled(names).prefix(shape.people)).sorted()
    let number = ["no", "one", "two", "three", "four", "five", "six"][shape.people]
    func wording(
      _ values: [String], _ scene: String, _ does: String, _ doesNot: String,
      _ same: String = "", _ different: String = ""
    ) -> PuzzleWording {
      PuzzleWording(
        people: people, values: Array(values.prefix(shape.values)), scene: scene, does: does,
        doesNot: doesNot, same: same, different: different)
    }
    switch shape.kind {
    case .ordering:
      let themes = [
        ("In a race with \(number) runners, %, no two runners finish together", "finishes", "finish"),
        ("On one evening \(number) poets, %, read one after another", "reads", "read"),
        ("In a relay with \(number) swimmers, %, each swimmer starts once and alone", "starts", "start"),
      ]
      let theme = themes[random.below(themes.count)]
      return wording(ordinals, theme.0, theme.1, "does not \(theme.2)")
    case .seating:
      let seats = (1...shape.values).map { "in seat \($0)" }
      return wording(
        seats,
        "Exactly \(number) guests, %, sit at a round table whose seats are numbered 1 to \(shape.values) "
          + "clockwise, one guest in each seat",
        "sits", "does not sit")
    case .assignment:
      let themes: [(values: [String], place: String, does: String, many: String)] = [
        (["to Oslo", "to Lima", "to Cairo"], "cities", "goes", "go"),
        (["to the chess club", "to the drama club", "to the film club"], "clubs", "belongs", "belong"),
        (["on the north site", "on the south site", "on the east site"], "sites", "works", "work"),
      ]
      let theme = themes[random.below(themes.count)]
      let values = random.shuffled(theme.values).prefix(shape.values)
      let preposition = theme.does == "works" ? "on" : "to"
      let one = theme.place == "cities" ? "city" : String(theme.place.dropLast())
      let list = values.map { String($0.dropFirst(preposition.count + 1)) }
      let choice = list.dropLast().joined(separator: ", ") + " or " + (list.last ?? "")
      return wording(
        Array(values),
        "Each of \(number) colleagues, %, \(theme.does) \(preposition) exactly one of the \(theme.place) "
          + "\(choice), and \(theme.place) may be shared or left out",
        theme.does, "does not \(theme.many)", "\(theme.many) \(preposition) the same \(one)",
        "\(theme.many) \(preposition) different \(theme.place)")
    case .truthTeller:
      let themes = [("a knight", "a knave"), ("a truth-teller", "a liar"), ("a sage", "a trickster")]
      let theme = themes[random.below(themes.count)]
      return wording(
        [theme.0, theme.1],
        "Each of \(number) islanders, %, is either \(theme.0), whose statements are all true, or \(theme.1), "
          + "whose statements are all false",
        "is", "is not", "are of the same kind", "are of different kinds")
    }
  }
}
