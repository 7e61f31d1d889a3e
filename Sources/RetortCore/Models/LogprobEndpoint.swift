internal import OrderedCollections

/// Says how likely a model finds a text that exists already. Errors: ``ModelError``.
package protocol LogprobModel: Sendable {
  /// The completion's tokens, as the model's own tokeniser cuts it, each with its log-probability after `messages` and
  /// the tokens before it. The token that would end the turn is not among them.
  func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob]
}

/// The scoring act over the servers that can do it, each in its own wire format. Both first turn messages and
/// completion into tokens, so that the two are told apart exactly.
package struct LogprobEndpoint: LogprobModel {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let caller: any Caller

  package init(_ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller) {
    self.model = model
    self.origin = origin
    self.caller = caller
  }

  package func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob] {
    let turns = JSON.array(
      messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] })
    switch model.kind {
    case .vllmLogprobs:
      let before = try await tokens(["messages": turns, "add_generation_prompt": true])
      let own = try await tokens(
        ["prompt": .string(completion), "add_special_tokens": false], of: completion)
      return own.isEmpty ? [] : try await prefilled(before, own)
    case .llamaLogprobs:
      let prompt = try await ask("/apply-template", ["messages": turns]) { reply in
        guard let prompt = reply["prompt"]?.string else { throw Self.missing("a text under 'prompt'", reply) }
        return prompt
      }
      let before = try await tokens([
        "content": .string(prompt), "add_special": true, "parse_special": true,
      ])
      let own = try await tokens(["content": .string(completion), "add_special": false], of: completion)
      return own.isEmpty ? [] : try await decoded(before, own)
    default:
      throw ModelError(
        .unsupported, "expected a model that scores texts, found kind \(model.kind.rawValue)")
    }
  }

  /// - Parameter text: what is cut; nil where the server adds to it.
  private func tokens(_ body: JSON.Object, of text: String? = nil) async throws -> [Int64] {
    try await ask("/tokenize", body) { reply in
      guard let list = reply["tokens"]?.array, case let tokens = list.compactMap(\.int),
        tokens.count == list.count, tokens.allSatisfy({ (0...Int64(Int32.max)).contains($0) })
      else { throw Self.missing("a list of token numbers under 'tokens'", reply) }
      if let text, tokens.isEmpty && !text.trimmed.isEmpty || tokens.count > text.utf8.count + 2 {
        throw Self.missing("the tokens of a text of \(text.utf8.count) bytes", reply)
      }
      return tokens
    }
  }

  /// vLLM reports the log-probabilities of the prompt it reads.
  private func prefilled(_ before: [Int64], _ tokens: [Int64]) async throws -> [TokenLogprob] {
    let all = before + tokens
    return try await ask(
      "completions",
      ["prompt": .array(all.map { .int($0) }), "max_tokens": 1, "temperature": 0, "prompt_logprobs": 1],
      prompt: all.count, completion: 1
    ) { reply in
      let list = reply["choices"]?.array?.first?["prompt_logprobs"]?.array ?? []
      guard list.count == all.count else {
        throw Self.missing("\(all.count) entries under choices[0].prompt_logprobs", reply)
      }
      return try zip(tokens, list.suffix(tokens.count)).map { token, entry in
        guard let found = entry[String(token)], let logprob = TokenLogprob.read(found["logprob"]) else {
          throw Self.missing("token \(token) among its prompt_logprobs", entry)
        }
        return TokenLogprob(found["decoded_token"]?.string ?? "", logprob)
      }
    }
  }

  /// llama.cpp reports those of what it writes alone: a grammar of token numbers makes it write the completion, and its
  /// log-probabilities are those from before the grammar. A grammar of characters would let it cut the text otherwise.
  private func decoded(_ before: [Int64], _ tokens: [Int64]) async throws -> [TokenLogprob] {
    let grammar = "root ::= " + tokens.map { "<[\($0)]>" }.joined(separator: " ")
    return try await ask(
      "/completion",
      [
        "prompt": .array(before.map { .int($0) }), "grammar": .string(grammar), "n_probs": 1,
        "n_predict": .int(Int64(tokens.count)), "temperature": 0, "cache_prompt": true,
      ], prompt: before.count, completion: tokens.count
    ) { reply in
      let list = reply["completion_probabilities"]?.array ?? []
      guard list.map({ $0["id"]?.int }) == tokens else {
        throw Self.missing("the completion's \(tokens.count) tokens under completion_probabilities", reply)
      }
      return try list.map { entry in
        guard let logprob = TokenLogprob.read(entry["logprob"]) else {
          throw Self.missing("a 'logprob'", entry)
        }
        return TokenLogprob(entry["token"]?.string ?? "", logprob)
      }
    }
  }

  private static func missing(_ expected: String, _ reply: JSON) -> ModelError {
    ModelError(.malformed, "expected \(expected), found: \(reply.text.prefix(200))")
  }

  /// - Parameter read: what of a reply is wanted; it also says which replies are worth remembering.
  private func ask<Value>(
    _ path: String, _ fields: JSON.Object, prompt: Int = 0, completion: Int = 0,
    read: @escaping @Sendable (JSON) throws -> Value
  ) async throws -> Value {
    var body = fields
    if model.kind == .vllmLogprobs { body["model"] = .string(model.name) }
    body.merge(model.extraBody) { $1 }
    let raw = try await caller.answer(
      Call(
        model: model, origin: origin, path: path, body: .object(body),
        identity: [
          "act": "logprobs", "path": .string(path), "model": model.identity, "fields": .object(fields),
        ], promptEstimate: prompt, completionEstimate: completion, check: { _ = try read($0) }))
    do { return try read(try JSON(parsing: raw.body)) } catch let error as JSONError {
      throw ModelError(.malformed, status: raw.status, "expected a JSON reply: \(error)")
    }
  }
}
