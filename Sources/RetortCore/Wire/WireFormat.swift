internal import OrderedCollections

/// How requests and replies are put on the wire: what an endpoint of some kind is sent, and what its answers mean.
///
/// One file for each format and a line in ``WireFormats/all``. No word of a format is part of what a reply is remembered
/// under (but for ``ServerQuestion``).
package protocol WireFormat: Sendable {
  /// Whether a model's endpoint speaks it.
  func understands(_ model: ModelSpec) -> Bool
  /// Ends of an address that name an act of this format, which is added to the address anyway.
  var addedPaths: [String] { get }
  /// The header that carries the key, where the model's file names none.
  func keyHeader(_ key: String) -> (name: String, value: String)
  /// Headers that every request has, names in lower case; those of the model's file stand before them.
  var headers: [String: String] { get }
  /// The usage that a reply reports; nil where it reports none.
  func usage(in reply: JSON) -> Usage?
  /// Whether a stored reply has this format. Errors: why nobody could use it.
  func accepts(_ stored: StoredReply) throws -> Bool
  /// The texts of a reply for people, each with its reasoning before it; nil where it is none of this format.
  func texts(in reply: JSON) -> [(reasoning: String, text: String)]?
}

extension WireFormat {
  package var addedPaths: [String] { [] }
  package func keyHeader(_ key: String) -> (name: String, value: String) { ModelSpec.bearer(key) }
  package var headers: [String: String] { [:] }
  package func usage(in reply: JSON) -> Usage? { Usage(reply: reply) }
  package func accepts(_ stored: StoredReply) throws -> Bool { false }
  package func texts(in reply: JSON) -> [(reasoning: String, text: String)]? { nil }
}

/// A format in which an act is one request and its reply.
package protocol ActFormat<Asked>: WireFormat {
  associatedtype Asked: Act
  /// Appended to the endpoint's address; with a leading `/` it counts from the server's root, before any `/v1`.
  func path(of act: Asked) -> String
  /// The same where it names the model.
  func path(of act: Asked, to model: ModelSpec) -> String
  /// Refuses what the format has no words for, so that nothing is left out in silence. Errors: ``ModelError`` of kind
  /// `unsupported`.
  func refuse(_ act: Asked, to model: ModelSpec) throws
  /// The fields of the body, in order.
  /// - Parameter prompt: that of the act, as `messages` or whatever it is.
  func body(_ act: Asked, prompt: JSON, to model: ModelSpec) -> JSON.Object
  /// The field in which ``body(_:prompt:to:)`` puts the prompt as it is; nil where the server wants it otherwise.
  var promptField: String? { get }
  /// What a reply answers.
  ///
  /// - Parameter isNew: whether it is yet to be remembered, so that what nobody could use is refused. What an earlier
  ///   version remembered is read as far as it goes.
  /// Errors: ``ModelError``.
  func answer(_ act: Asked, in reply: ReplyBody, isNew: Bool) throws -> Asked.Answer
  /// An image in a turn, of its bytes in base64; nil where the format has none.
  func imagePart(_ image: ImageReference, base64: String) -> JSON?
  /// Bytes of the text that was written for an answer.
  func textBytes(_ answer: Asked.Answer) -> Int
}

extension ActFormat {
  package var promptField: String? { nil }
  package func path(of act: Asked, to model: ModelSpec) -> String { path(of: act) }
  package func refuse(_ act: Asked, to model: ModelSpec) throws {}
  package func imagePart(_ image: ImageReference, base64: String) -> JSON? { nil }
  package func textBytes(_ answer: Asked.Answer) -> Int { 0 }

  /// - Parameter check: throws at an answer that nobody could use.
  package func request(
    _ act: Asked, of model: ModelSpec, for origin: CallOrigin,
    accepting check: @escaping @Sendable (Asked.Answer) throws -> Void = { _ in }
  ) -> ModelRequest {
    request(act, of: model, for: origin) { reply in
      let answer = try answer(act, in: reply, isNew: true)
      try check(answer)
      return textBytes(answer)
    }
  }

  func request(
    _ act: Asked, of model: ModelSpec, for origin: CallOrigin,
    read: @escaping @Sendable (ReplyBody) throws -> Int
  ) -> ModelRequest {
    let prompt = WrittenJSON(act.prompt)
    var fields = body(act, prompt: prompt.json, to: model)
    fields.merge(model.extraBody) { model.api.nestsFields ? $0.merging($1) : $1 }
    let written = promptField.flatMap { model.extraBody[$0] == nil ? ($0, prompt) : nil }
    let exchange = Exchange(
      path: path(of: act, to: model), fields: fields, written: written, usage: usage(in:), read: read,
      imagePart: imagePart(_:base64:))
    return ModelRequest(act, of: model, for: origin, prompt: prompt, exchange: exchange)
  }
}

/// Asks a server one question after the other.
package protocol ServerQuestions: Sendable {
  func ask<Answer: Sendable>(_ question: ServerQuestion<Answer>) async throws -> Answer
}

/// A format in which it takes several questions to say how likely a text is.
package protocol ScoringFormat: WireFormat {
  /// As ``LogprobModel/logprobs(of:after:)``.
  func logprobs(
    of completion: String, after messages: [ChatMessage], asking server: some ServerQuestions
  ) async throws -> [TokenLogprob]
}
