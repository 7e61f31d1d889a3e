internal import OrderedCollections

/// The counting act over the servers that can do it: vLLM and llama.cpp, each of which ignores the other's words.
struct Tokenize: ActFormat {
  /// Whatever the kind: only asking can tell.
  func understands(_ model: ModelSpec) -> Bool { true }
  var promptField: String? { "prompt" }
  func path(of act: TokenCountRequest) -> String { "/tokenize" }

  func body(_ act: TokenCountRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    [
      "model": .string(model.name), "prompt": prompt, "add_special_tokens": false, "content": prompt,
      "add_special": false,
    ]
  }

  func answer(_ act: TokenCountRequest, in reply: ReplyBody, isNew: Bool) throws -> Int {
    let count = reply.json["count"]?.int ?? reply.json["tokens"]?.array.map { Int64($0.count) }
    guard let count, let tokens = Int(exactly: count), (1...1_000_000_000).contains(tokens) else {
      throw ModelError.missing("'count' or a list under 'tokens'", in: reply.json)
    }
    return tokens
  }
}

extension ModelError {
  static func missing(_ expected: String, in reply: JSON) -> ModelError {
    ModelError(.malformed, "expected \(expected), found: \(reply.text.prefix(200))")
  }
}
