internal import RetortCore

/// Draws something to write about and what the text has to be like, such that a text can keep all of it.
enum InstructionGenerator {
  struct Told: Hashable, Sendable {
    let question: String
    let constraints: [Constraint]
  }

  /// - Parameter count: how many constraints, 1 to ``mostConstraints``.
  static func draw(_ count: Int, _ random: inout SplitMix64) -> Told {
    let task = random.pick(tasks) ?? tasks[0]
    var constraints: [Constraint] = []
    for aspect in random.shuffled(Aspect.allCases) where constraints.count < count {
      if let constraint = aspect.draw(beside: constraints, task.words, &random) {
        constraints.append(constraint)
      }
    }
    let text = ([task.text] + constraints.map(\.words)).joined(separator: " ")
    return Told(question: text, constraints: constraints)
  }

  /// Of which any draw finds as many that go together.
  static let mostConstraints = 4

  /// One constraint of each at most.
  private enum Aspect: CaseIterable {
    case length, letters, form, presence, absence, edge, order

    /// Nil where none goes with those that are drawn.
    func draw(beside drawn: [Constraint], _ words: [String], _ random: inout SplitMix64) -> Constraint? {
      let isList = drawn.contains { if case .bullets = $0 { true } else { false } }
      let isData = drawn.contains { if case .json = $0 { true } else { false } }
      switch self {
      case .length:
        let least = 5 + random.below(20)
        let lengths: [Constraint] = [
          .words(least...(least + 5 + random.below(15))), .sentences(1 + random.below(4)),
        ]
        return isList || isData ? lengths[0] : random.pick(lengths)
      case .letters: return isData ? nil : random.pick([.lowercase, .uppercase])
      case .form:
        let isFree = drawn.allSatisfy {
          switch $0 {
          case .without(","): false
          case .words, .with, .without: true
          default: false
          }
        }
        let lists: [Constraint] = [.bullets(2 + random.below(3)), .json(["title", "text"])]
        return isFree ? random.pick(lists) : nil
      case .presence: return .with(words[0], times: 1 + random.below(2))
      case .absence:
        return isData ? .without("very") : random.pick([.without(","), .without("very"), .without("and")])
      case .edge:
        return isList || isData
          ? nil : random.pick([.begins("Well"), .begins("Today"), .ends("That is all.")])
      case .order: return isData || isList ? nil : .order(words[1], words[2])
      }
    }
  }

  /// What to write about, a word to use and two to put in order.
  private static let tasks: [(text: String, words: [String])] = [
    ("Describe a rainy day.", ["rain", "cloud", "umbrella"]),
    ("Explain why bread rises.", ["yeast", "dough", "oven"]),
    ("Describe how to make tea.", ["water", "kettle", "cup"]),
    ("Write about a train journey.", ["train", "ticket", "station"]),
    ("Describe a market in the morning.", ["bread", "fruit", "crowd"]),
    ("Explain how a candle burns.", ["flame", "wax", "wick"]),
    ("Write about a cat on a roof.", ["cat", "roof", "moon"]),
    ("Describe a walk in a forest.", ["tree", "path", "river"]),
    ("Explain why the sky is blue.", ["light", "sun", "air"]),
    ("Write about the first day at a school.", ["teacher", "door", "book"]),
    ("Describe a small garden.", ["flower", "soil", "seed"]),
    ("Explain how to ride a bicycle.", ["balance", "pedal", "brake"]),
    ("Write about a letter from a friend.", ["letter", "stamp", "news"]),
    ("Describe a library at night.", ["book", "lamp", "shadow"]),
    ("Explain what a bridge is for.", ["river", "road", "stone"]),
    ("Write about a lost key.", ["key", "pocket", "lock"]),
    ("Describe the sea in winter.", ["wave", "wind", "ice"]),
    ("Explain how to plant a tree.", ["root", "hole", "water"]),
    ("Write about a clock that stopped.", ["clock", "hour", "spring"]),
    ("Describe a kitchen on Sunday.", ["soup", "table", "plate"]),
  ]
}
