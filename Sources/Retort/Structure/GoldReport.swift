/// What the rules say about examples that are known to be good: a threshold that refuses some of them is wrong.
package struct GoldReport: Codable, Hashable, Sendable {
  package struct Refusal: Codable, Hashable, Sendable {
    package var example: Int
    package var rule: StructureRule
    package var message: String

    package init(example: Int, rule: StructureRule, message: String) {
      self.example = example
      self.rule = rule
      self.message = message
    }
  }

  package var examples: Int
  package var passed: Int
  package var refusals: [Refusal]

  /// `name` is what the JSON of a report is filed under.
  package static let name = "gold_report"

  package init(_ candidates: [StructureCandidate], rules: StructureRules = .init()) {
    examples = candidates.count
    refusals = candidates.enumerated().flatMap { index, candidate in
      rules.violations(in: candidate).map { Refusal(example: index, rule: $0.rule, message: $0.message) }
    }
    passed = examples - Set(refusals.map(\.example)).count
  }
}
