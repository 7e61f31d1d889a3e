import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ConstraintTests {
  @Test(arguments: [
    (Constraint.words(2...3), "one two", nil), (.words(2...3), "one two three four", "4 words"),
    (.sentences(2), "Rain. It falls!", nil),
    (.sentences(2), "It rains 3.5 mm. So \"it falls.\" And", "3 sentences"),
    (.sentences(1), "no end", nil), (.begins("Well"), "\"Well, it rains", nil),
    (.begins("Well"), "Welling up", "'Welling up' at the beginning"),
    (.ends("That is all."), "It rains. THAT IS ALL", nil), (.ends("That is all."), "all", "'all' at the end"),
    (.lowercase, "ça va", nil), (.lowercase, "Ça va", "capital letters"), (.uppercase, "IT RAINS 3", nil),
    (.uppercase, "It", "small letters"), (.with("rain", times: 2), "Rain, rain.", nil),
    (.with("rain", times: 2), "Rain rains.", "\"rain\" 1 times"), (.without(","), "a, b", "a comma"),
    (.without("and"), "sand or band", nil), (.without("and"), "this AND that", "\"and\""),
    (.order("cloud", "umbrella"), "A cloud, an umbrella", nil),
    (.order("cloud", "umbrella"), "an umbrella, a cloud", "\"umbrella\" first"),
    (.order("cloud", "umbrella"), "an umbrella", "no \"cloud\""), (.bullets(2), "- a\n\n- b\n", nil),
    (.bullets(2), "- a\n- b\nc", "1 lines that do not begin with \"- \""), (.bullets(2), "- a", "1 lines"),
    (.json(["a"]), "{\"a\": 1}", nil), (.json(["a"]), "{\"a\": 1, \"b\": 2}", "the keys a, b"),
    (.json(["a"]), "a", "no JSON object"), (.without("very"), "  ", "no text"),
  ])
  func aTextKeepsItOrNot(constraint: Constraint, text: String, found: String?) {
    #expect(
      constraint.report(on: text)
        == .init(constraint: constraint.words, holds: found == nil, found: found ?? ""))
    #expect(Constraint(constraint.json) == constraint)
  }

  @Test(
    arguments: [
      ["kind": "words", "least": 3, "most": 2], ["kind": "bullets"], ["kind": "with", "text": " "],
      ["kind": "json", "keys": []],
      ["kind": "order", "text": "a"], ["kind": "rhyme"], "words",
    ] as [JSON])
  func anythingElseIsNone(json: JSON) { #expect(Constraint(json) == nil) }

  /// Whatever is drawn, some text keeps all of it; and as many are drawn as were asked for, no two of a kind.
  @Test func whatIsDrawnCanBeKept() throws {
    for seed in 0..<2000 {
      var random = SplitMix64(seed: UInt64(seed))
      let count = 1 + seed % InstructionGenerator.mostConstraints
      let told = InstructionGenerator.draw(count, &random)
      #expect(told.constraints.count == count, "seed \(seed)")
      let text = Self.kept(told.constraints)
      for constraint in told.constraints {
        #expect(constraint.report(on: text).holds, "seed \(seed): \(constraint.words) in '\(text)'")
        #expect(told.question.contains(constraint.words))
      }
    }
  }

  private static func kept(_ constraints: [Constraint]) -> String {
    var (begin, end, middle, range): ([String], [String], [String], ClosedRange<Int>) = ([], [], [], 0...1000)
    var (sentences, bullets, keys, isUpper): (Int?, Int?, [String]?, Bool) = (nil, nil, nil, false)
    for constraint in constraints {
      switch constraint {
      case .words(let bounds): range = bounds
      case .sentences(let count): sentences = count
      case .begins(let text): begin = [text]
      case .ends(let text): end = text.split(separator: " ").map(String.init)
      case .uppercase: isUpper = true
      case .lowercase, .without: break
      case .with(let word, let times): middle += Array(repeating: word, count: times)
      case .order(let first, let second): middle += [first, second]
      case .bullets(let count): bullets = count
      case .json(let names): keys = names
      }
    }
    var words = begin + middle
    let rest = range.lowerBound - words.count - end.count - (keys == nil ? 0 : 3)
    words += Array(repeating: "so", count: max(0, rest))
    if words.isEmpty && end.isEmpty { words = ["so"] }
    if let keys { return "{\"\(keys[0])\": \"so\", \"\(keys[1])\": \"\(words.joined(separator: " "))\"}" }
    if let bullets {
      words += Array(repeating: "so", count: max(0, bullets - words.count))
      let last = Array(words[(bullets - 1)...]).joined(separator: " ")
      let list = (Array(words[..<(bullets - 1)]) + [last]).map { "- \($0)" }.joined(separator: "\n")
      return isUpper ? list.uppercased() : list
    }
    if let sentences {
      let more = sentences - 1
      words = words.isEmpty ? ["so"] : words
      words += Array(repeating: "so.", count: end.isEmpty ? more : max(0, more - 1))
      if !end.isEmpty, more > 0 { words[words.count - 1] += words[words.count - 1].hasSuffix(".") ? "" : "." }
      if end.isEmpty, more > 0 { words[words.count - 1 - more] += "." }
      if !end.isEmpty, more > 1 { words[words.count - more] += "." }
    }
    let text = (words + end).joined(separator: " ")
    return isUpper ? text.uppercased() : text.lowercased()
  }
}
