internal import OrderedCollections

/// What a model is asked on somebody's behalf, as all that stands around a call sees it: it is remembered, limited,
/// budgeted and tried again, whatever the act.
package struct ModelRequest: Sendable {
  package let model: ModelSpec
  package let origin: CallOrigin
  /// Everything that can change the answer and nothing else: act, model identity, messages, sampling, schema, draw.
  package let identity: JSON
  /// What the reply is remembered under: the identity, how often the step's stage asked for fresh answers, and its round.
  package let digest: Digest
  /// Estimated tokens.
  package let estimate: Usage
  /// How it is put to the endpoint, and how the answer is read.
  package let exchange: Exchange
  /// Which try this is, from 1; set by ``RetryingCaller``.
  package var attempt = 1

  package init(
    model: ModelSpec, origin: CallOrigin, identity: JSON, digest: Digest, estimate: Usage, exchange: Exchange
  ) {
    self.model = model
    self.origin = origin
    self.identity = identity
    self.digest = digest
    self.estimate = Usage(
      promptTokens: Self.bounded(estimate.promptTokens),
      completionTokens: Self.bounded(estimate.completionTokens))
    self.exchange = exchange
  }

  /// - Parameter prompt: that of the act.
  package init<A: Act>(
    _ act: A, of model: ModelSpec, for origin: CallOrigin, prompt: WrittenJSON, exchange: Exchange
  ) {
    var identity: JSON.Object = [
      "act": .string(A.name), "model": model.identityOfRequests, A.promptName: prompt.json,
    ]
    identity.merge(act.settings) { $1 }
    let text = JSON.text(of: identity, sorted: true, written: (A.promptName, prompt.canonical))
    self.init(
      model: model, origin: origin, identity: .object(identity),
      digest: Self.digest(identity: text, take: origin.take, round: origin.round),
      estimate: act.estimate(by: model), exchange: exchange)
  }

  /// - Parameter identity: its canonical text.
  package static func digest(identity: String, take: Int, round: Int = 1) -> Digest {
    var fields: JSON.Object = ["identity": .null, "take": .int(Int64(take))]
    if round > 1 { fields["round"] = .int(Int64(round)) }
    return Digest(of: JSON.text(of: fields, sorted: true, written: ("identity", identity)))
  }

  private static func bounded(_ tokens: Int) -> Int { min(max(0, tokens), Usage.most) }
}

/// A request as one wire format has it: what is sent where, and how the answer is read.
package struct Exchange: Sendable {
  /// Appended to the endpoint's address; with a leading `/` it counts from the server's root, before any `/v1`.
  package let path: String
  /// The body's fields, in the order in which they are sent.
  package let fields: JSON.Object
  /// The name of the field that holds what is asked, which many calls share; nil where none does.
  package let promptName: String?
  package let prompt: WrittenJSON
  /// The usage that an answer reports; nil where it reports none.
  package let usage: @Sendable (JSON) -> Usage?
  /// Bytes of the text in an answer; what it has cost to write cannot be far from that. It refuses an answer that nobody
  /// could use: it is asked before the reply is remembered, so that such an answer is asked for again instead of being
  /// recalled for ever. Errors: ``ModelError``.
  package let read: @Sendable (ReplyBody) throws -> Int
  /// An image as the wire has it, of its bytes in base64; nil where it has none.
  let imagePart: @Sendable (ImageReference, String) -> JSON?

  /// Fields that may hold what is asked, the likelier first.
  private static let promptNames = ["messages", "input", "text", "query", "prompt", "contents", "requests"]

  /// - Parameter written: a prompt that has been written already, and the field that holds it.
  package init(
    path: String, fields: JSON.Object, written: (name: String, prompt: WrittenJSON)? = nil,
    usage: @escaping @Sendable (JSON) -> Usage?, read: @escaping @Sendable (ReplyBody) throws -> Int,
    imagePart: @escaping @Sendable (ImageReference, String) -> JSON? = { _, _ in nil }
  ) {
    self.path = path
    self.fields = fields
    let name = Self.promptNames.first { fields[$0] != nil }
    promptName = name
    prompt =
      written.flatMap { $0.name == name ? $0.prompt : nil }
      ?? WrittenJSON(name.flatMap { fields[$0] } ?? .null)
    self.usage = usage
    self.read = read
    self.imagePart = imagePart
  }

  package var body: JSON { .object(fields) }

  /// The body as it is sent.
  package var text: String {
    guard let promptName else { return body.text }
    return JSON.text(of: fields, sorted: false, written: (promptName, prompt.text))
  }

  /// The body without the prompt.
  package var parameters: JSON {
    var parameters = fields
    if let promptName { parameters.removeValue(forKey: promptName) }
    return .object(parameters)
  }
}
