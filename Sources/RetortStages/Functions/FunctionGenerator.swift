internal import OrderedCollections
internal import RetortCore

/// Draws small functions: what they are to do, in words, and tests, made by doing it.
enum FunctionGenerator {
  struct Told: Sendable {
    let kind: FunctionKind
    let question: String
    /// The function's name.
    let entry: String
    let tests: [JSON]
    let hidden: [JSON]
    /// The solution in Python.
    let reference: String
  }

  /// Steps of a function at most, and tests at least and at most.
  static let (mostSteps, tests) = (4, 3...60)
  private static let attempts = 500

  /// - Parameters:
  ///   - count: how many steps, 1 to ``mostSteps``.
  ///   - tests: how many in all; a third, rounded down, is hidden.
  /// - Returns: nil when no attempt gave one whose tests tell each step, which none in use was seen to need.
  static func draw(
    _ kind: FunctionKind, steps count: Int, tests: Int, _ random: inout SplitMix64
  ) -> Told? {
    for _ in 0..<attempts {
      var steps: [FunctionStep] = []
      for place in 1...count {
        steps.append(FunctionStep.draw(kind, isLast: place == count, &random))
      }
      let inputs = inputs(kind, tests, &random)
      guard Set(steps.map(\.words)).count == count, inputs.count == tests, isTold(steps, by: inputs) else {
        continue
      }
      return told(kind, steps, inputs, &random)
    }
    return nil
  }

  /// Whether the results differ, and are others where any step is left out.
  private static func isTold(_ steps: [FunctionStep], by inputs: [FunctionValue]) -> Bool {
    let results = inputs.map { run(steps, on: $0) }
    guard Set(results).count * 2 > inputs.count else { return false }
    return steps.indices.allSatisfy { left in
      // Without a step that ends in a number the kinds differ anyway.
      let others = steps.enumerated().filter { $0.offset != left }.map(\.element)
      return inputs.map { run(others, on: $0) } != results
    }
  }

  private static func run(_ steps: [FunctionStep], on input: FunctionValue) -> FunctionValue {
    steps.reduce(input) { $1.run($0) }
  }

  // MARK: Inputs

  /// Different ones, in any order, the empty one or zero among them.
  private static func inputs(
    _ kind: FunctionKind, _ count: Int, _ random: inout SplitMix64
  ) -> [FunctionValue] {
    var inputs = [empty(kind)]
    for _ in 0..<(20 * count) where inputs.count < count {
      let input = input(kind, &random)
      if !inputs.contains(input) { inputs.append(input) }
    }
    return random.shuffled(inputs)
  }

  private static func empty(_ kind: FunctionKind) -> FunctionValue {
    switch kind {
    case .number: .number(0)
    case .list: .numbers([])
    case .text: .text("")
    }
  }

  private static func input(_ kind: FunctionKind, _ random: inout SplitMix64) -> FunctionValue {
    switch kind {
    case .number: return .number(random.below(random.below(3) == 0 ? 1000 : 60) - 20)
    case .list:
      var numbers: [Int] = []
      for _ in 0...random.below(7) { numbers.append(random.below(24) - 6) }
      return .numbers(numbers)
    case .text:
      var words: [String] = []
      for _ in 0...random.below(4) { words.append(random.pick(vocabulary) ?? "") }
      return .text(words.joined(separator: " "))
    }
  }

  private static let vocabulary = [
    "tea", "river", "a", "stone", "on", "moon", "table", "7", "green", "ant", "to", "lantern", "winter", "no",
    "apple", "sea", "42", "train", "open", "letter", "it", "onion", "wheel", "x9",
  ]

  // MARK: Telling

  private static func told(
    _ kind: FunctionKind, _ steps: [FunctionStep], _ inputs: [FunctionValue], _ random: inout SplitMix64
  ) -> Told {
    let entry = random.pick(["transform", "compute", "process", "convert"]) ?? "transform"
    let (name, takes) =
      switch kind {
      case .number: ("number", "an integer")
      case .list: ("numbers", "a list of integers")
      case .text: ("text", "a string of words with single spaces between them")
      }
    let tests = inputs.map { input -> JSON in
      .object(["input": [input.json], "expected": run(steps, on: input).json])
    }
    let shown = inputs.count - inputs.count / 3
    let words = steps.enumerated().map { place, step in
      place == 0 ? step.words : "then \(step.words)"
    }.joined(separator: ", ")
    // A step of its own says what it returns.
    let ending = steps.last?.words.hasPrefix("returns") == true ? "" : " It returns the result."
    let example = inputs[0]
    let question = """
      Write a Python function `\(entry)(\(name))` that takes \(takes). It \(words).\(ending)
      For example, `\(entry)(\(example.python))` returns `\(run(steps, on: example).python)`.
      """
    let lines = steps.map { "    x = \($0.python)" }.joined(separator: "\n")
    return Told(
      kind: kind, question: question, entry: entry, tests: Array(tests[..<shown]),
      hidden: Array(tests[shown...]),
      reference: "def \(entry)(\(name)):\n    x = \(name)\n\(lines)\n    return x\n")
  }
}
