internal import OrderedCollections

/// Says how likely a model finds a text that exists already. Errors: ``ModelError``.
package protocol LogprobModel: Sendable {
  /// The completion's tokens, as the model's own tokeniser cuts it, each with its log-probability after `messages` and
  /// the tokens before it. The token that would end the turn is not among them.
  func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob]
}

package struct TokenLogprob: Hashable, Sendable {
  package struct Alternative: Hashable, Sendable {
    package var token: String
    package var logprob: Double
    package init(_ token: String, _ logprob: Double) {
      self.token = token
      self.logprob = logprob
    }
  }
  package var token: String
  /// Natural logarithm of the token's probability, at most 0.
  package var logprob: Double
  package var top: [Alternative]

  package init(_ token: String, _ logprob: Double, top: [Alternative] = []) {
    self.token = token
    self.logprob = logprob
    self.top = top
  }
}

/// One of the questions that it takes to score a text: it is asked, and remembered, in the server's own words.
package struct ServerQuestion<Answer: Sendable>: Act {
  package static var name: String { "logprobs" }
  package static var promptName: String { "fields" }
  package let path: String
  package let fields: JSON.Object
  package let estimate: Usage
  /// What of a reply is wanted; it also says which replies are worth remembering. Errors: ``ModelError``.
  package let read: @Sendable (JSON) throws -> Answer

  package init(
    _ path: String, _ fields: JSON.Object, estimate: Usage = Usage(),
    read: @escaping @Sendable (JSON) throws -> Answer
  ) {
    self.path = path
    self.fields = fields
    self.estimate = estimate
    self.read = read
  }

  package var prompt: JSON { .object(fields) }
  package var settings: JSON.Object { ["path": .string(path)] }
}
