internal import OrderedCollections

/// How the two servers that score a text are asked: each first turns messages and completion into tokens, so that the two
/// are told apart exactly.
struct ServerWords<Answer: Sendable>: ActFormat {
  func understands(_ model: ModelSpec) -> Bool { model.kind.scoresText }
  func path(of act: ServerQuestion<Answer>) -> String { act.path }

  func body(_ act: ServerQuestion<Answer>, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    var body = act.fields
    if model.kind == .vllmLogprobs { body["model"] = .string(model.name) }
    return body
  }

  func answer(_ act: ServerQuestion<Answer>, in reply: ReplyBody, isNew: Bool) throws -> Answer {
    try act.read(reply.json)
  }
}

extension ServerQuestion<[Int64]> {
  /// The tokens of a text.
  ///
  /// - Parameter text: what is cut; nil where the server adds to it.
  static func tokens(_ fields: JSON.Object, of text: String? = nil) -> Self {
    Self("/tokenize", fields) { reply in
      guard let list = reply["tokens"]?.array, case let tokens = list.compactMap(\.int),
        tokens.count == list.count, tokens.allSatisfy({ (0...Int64(Int32.max)).contains($0) })
      else { throw ModelError.missing("a list of token numbers under 'tokens'", in: reply) }
      if let text, tokens.isEmpty && !text.trimmed.isEmpty || tokens.count > text.utf8.count + 2 {
        throw ModelError.missing("the tokens of a text of \(text.utf8.count) bytes", in: reply)
      }
      return tokens
    }
  }
}
