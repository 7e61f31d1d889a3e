/// What calls took, added up: those of a run, of a stage, of a model.
package struct CallTally: Codable, Hashable, Sendable {
  /// Calls that were answered, and paid for.
  package var made = 0
  /// Answers that were given from memory.
  package var remembered = 0
  /// Calls that came to nothing.
  package var failed = 0
  package var promptTokens = 0
  package var completionTokens = 0
  package var usd = 0.0

  package init(made: Int = 0, promptTokens: Int = 0, completionTokens: Int = 0, usd: Double = 0) {
    self.made = made
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.usd = usd
  }

  package mutating func add(promptTokens: Int, completionTokens: Int, usd: Double) {
    self.promptTokens = self.promptTokens.adding(bounded: promptTokens)
    self.completionTokens = self.completionTokens.adding(bounded: completionTokens)
    self.usd += usd
  }

  package static func += (left: inout CallTally, right: CallTally) {
    left.made += right.made
    left.remembered += right.remembered
    left.failed += right.failed
    left.add(promptTokens: right.promptTokens, completionTokens: right.completionTokens, usd: right.usd)
  }

  enum CodingKeys: String, CodingKey {
    case made, remembered, failed, usd
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
  }
}
