internal import OrderedCollections

/// Says how many tokens a model's own tokeniser makes of a text. Errors: ``ModelError``.
package protocol TokenModel: Sendable {
  /// Without marks that begin or end a text.
  func count(_ text: String) async throws -> Int
}

/// The counting act over the servers that can do it: vLLM and llama.cpp, each of which ignores the other's words.
package struct TokenEndpoint: TokenModel {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let caller: any Caller

  package init(_ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller) {
    self.model = model
    self.origin = origin
    self.caller = caller
  }

  package func count(_ text: String) async throws -> Int {
    if text.isEmpty { return 0 }
    let call = Call(
      model: model, origin: origin, path: "/tokenize",
      body: [
        "model": .string(model.name), "prompt": .string(text), "add_special_tokens": false,
        "content": .string(text), "add_special": false,
      ],
      identity: ["act": "tokenize", "model": model.identity, "text": .string(text)],
      check: { _ = try Self.count(in: $0) })
    do { return try Self.count(in: try JSON(parsing: try await caller.answer(call).body)) } catch let error
      as JSONError
    {
      throw ModelError(.malformed, "expected a JSON reply: \(error)")
    } catch var error as ModelError {
      if error.status == 404 || error.status == 405 {
        error.message +=
          "; tokens: endpoint asks at /tokenize, which vLLM and llama.cpp have; with another server say tokens: wide"
      }
      throw error
    }
  }

  private static func count(in reply: JSON) throws -> Int {
    let count = reply["count"]?.int ?? reply["tokens"]?.array.map { Int64($0.count) }
    guard let count, let tokens = Int(exactly: count), (1...1_000_000_000).contains(tokens) else {
      throw ModelError(
        .malformed, "expected 'count' or a list under 'tokens', found: \(String(reply.text.prefix(200)))")
    }
    return tokens
  }
}
