internal import OrderedCollections

/// Says whether one text follows from another.
package protocol EntailmentModel: Sendable {
  func entailment(of hypothesis: String, from premise: String) async throws -> EntailmentScore
}

/// Probabilities of the three classes; they add up to 1.
package struct EntailmentScore: Codable, Hashable, Sendable {
  package var entailment: Double
  package var neutral: Double
  package var contradiction: Double

  package init(entailment: Double, neutral: Double, contradiction: Double) {
    self.entailment = entailment
    self.neutral = neutral
    self.contradiction = contradiction
  }
}

/// A pair of texts of which the second may follow from the first.
struct EntailmentRequest: Act {
  typealias Answer = EntailmentScore
  static let name = "entailment"
  static let promptName = "pair"
  let premise: String
  let hypothesis: String

  var prompt: JSON { ["premise": .string(premise), "hypothesis": .string(hypothesis)] }
  var estimate: Usage { Usage(promptTokens: TokenEstimate.bytes(premise) + TokenEstimate.bytes(hypothesis)) }
}
