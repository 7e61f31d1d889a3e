/// What calls took, added up: those of a run, of a stage, of a model.
package struct CallTally: Codable, Hashable, Sendable {
  /// Calls that were answered, and paid for.
  package var made = 0
  /// Answers that were given from memory.
  package var remembered = 0
  /// Tries of calls that came to nothing, whether a further try was answered or none.
  package var failed = 0
  package var promptTokens = 0
  package var completionTokens = 0
  package var usd = 0.0
  /// Of the answered calls, those to models without a price: what they cost is not known and not in `usd`.
  package var unpriced = 0
  /// Of the tokens, those of failed tries for which the endpoint counted none: what they would have taken at most.
  package var estimatedTokens = 0

  package init(
    made: Int = 0, promptTokens: Int = 0, completionTokens: Int = 0, usd: Double = 0, unpriced: Int = 0
  ) {
    self.made = made
    self.unpriced = unpriced
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
    left.unpriced += right.unpriced
    left.estimatedTokens = left.estimatedTokens.adding(bounded: right.estimatedTokens)
    left.add(promptTokens: right.promptTokens, completionTokens: right.completionTokens, usd: right.usd)
  }

  enum CodingKeys: String, CodingKey {
    case made, remembered, failed, usd, unpriced
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case estimatedTokens = "estimated_tokens"
  }
}

extension CallTally {
  /// What the calls cost, as far as it is known.
  package var cost: String { Figure.cost(usd, calls: made, unpriced: unpriced) }

  /// What of the tokens is no count; empty where all are.
  package var estimateNote: String {
    estimatedTokens == 0
      ? ""
      : "; \(estimatedTokens) of the tokens are an estimate, of tries that failed and that the endpoint may charge"
  }

  /// The same for a column of USD: `no price` where none is known, a `+` where more is not known.
  package var amount: String {
    if hasNoPrice { return "no price" }
    return Figure.money(usd) + (unpriced > 0 ? "+" : "")
  }

  private var hasNoPrice: Bool { unpriced > 0 && unpriced >= made && usd == 0 }

  /// Tokens of an answered call, in and out, on average; empty without one.
  package var tokensACall: String {
    made == 0 ? "" : Figure.short(Double(promptTokens.adding(bounded: completionTokens)) / Double(made))
  }

  /// USD of an answered call, on average; as ``amount`` where not all is known.
  package var amountACall: String {
    if made == 0 { return "" }
    if unpriced > 0 { return hasNoPrice ? "no price" : "?" }
    return Figure.short(usd / Double(made))
  }
}
