internal import OrderedCollections

/// Judges an answer in its conversation. Scores are logits: above 0 means more good than bad.
package protocol RewardModel: Sendable {
  /// `conversation` ends with the assistant's turn that is scored.
  func score(_ conversation: [ChatMessage]) async throws -> RewardScore
}

package struct RewardScore: Codable, Hashable, Sendable {
  /// Above 0 means more good than bad.
  package var logit: Double
  /// The logistic function of the logit, or the probability the endpoint gave.
  package var probability: Double
  /// Where the logit comes from: `raw`, `sigmoid-undone` or `logprob-odds`.
  package var scale: String
  /// The reward's standard deviation, in logits, where the model states one.
  package var sigma: Double?
  package init(logit: Double, probability: Double, scale: String, sigma: Double? = nil) {
    self.logit = logit
    self.probability = probability
    self.scale = scale
    self.sigma = sigma
  }

  /// No model's score is larger than this in size: what is, comes of numbers that ran over.
  package static let largest = 1e9

  /// Whether it can be a model's.
  package var isSane: Bool { abs(logit) <= Self.largest && abs(sigma ?? 0) <= Self.largest }
}

/// A conversation whose last turn, the assistant's, is to be scored.
struct RewardRequest: Act {
  typealias Answer = RewardScore
  static let name = "reward"
  static let promptName = "messages"
  let conversation: [ChatMessage]
  let last: ChatMessage

  /// Errors: ``ModelError`` of kind `unsupported` when the last turn is another's.
  init(_ conversation: [ChatMessage]) throws {
    guard let last = conversation.last, last.role == .assistant else {
      throw ModelError(.unsupported, "expected a conversation that ends with the assistant's turn")
    }
    self.conversation = conversation
    self.last = last
  }

  var prompt: JSON { conversation.json }
  var estimate: Usage { Usage(promptTokens: conversation.estimate()) }
}
