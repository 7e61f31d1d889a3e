internal import OrderedCollections

/// Scoring under llama.cpp, which reports the log-probabilities of what it writes alone: a grammar of token numbers makes
/// it write the completion, and its log-probabilities are those from before the grammar. A grammar of characters would let
/// it cut the text otherwise.
struct LlamaScoring: ScoringFormat {
  func understands(_ model: ModelSpec) -> Bool { model.kind == .llamaLogprobs }

  func logprobs(
    of completion: String, after messages: [ChatMessage], asking server: some ServerQuestions
  ) async throws -> [TokenLogprob] {
    let prompt = try await server.ask(
      ServerQuestion("/apply-template", ["messages": messages.json]) { reply in
        guard let prompt = reply["prompt"]?.string else {
          throw ModelError.missing("a text under 'prompt'", in: reply)
        }
        return prompt
      })
    let before = try await server.ask(
      .tokens(["content": .string(prompt), "add_special": true, "parse_special": true]))
    let own = try await server.ask(
      .tokens(["content": .string(completion), "add_special": false], of: completion))
    return own.isEmpty ? [] : try await server.ask(Self.writing(own, after: before))
  }

  private static func writing(_ tokens: [Int64], after before: [Int64]) -> ServerQuestion<[TokenLogprob]> {
    let grammar = "root ::= " + tokens.map { "<[\($0)]>" }.joined(separator: " ")
    let fields: JSON.Object = [
      "prompt": .array(before.map { .int($0) }), "grammar": .string(grammar), "n_probs": 1,
      "n_predict": .int(Int64(tokens.count)), "temperature": 0, "cache_prompt": true,
    ]
    let estimate = Usage(promptTokens: before.count, completionTokens: tokens.count)
    return ServerQuestion("/completion", fields, estimate: estimate) { reply in
      let list = reply["completion_probabilities"]?.array ?? []
      guard list.map({ $0["id"]?.int }) == tokens else {
        throw ModelError.missing(
          "the completion's \(tokens.count) tokens under completion_probabilities", in: reply)
      }
      return try list.map { entry in
        guard let logprob = TokenLogprob.read(entry["logprob"]) else {
          throw ModelError.missing("a 'logprob'", in: entry)
        }
        return TokenLogprob(entry["token"]?.string ?? "", logprob)
      }
    }
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    guard let list = stored.reply.json["completion_probabilities"]?.array else { return false }
    if list.contains(where: { TokenLogprob.read($0["logprob"]) == nil }) {
      throw ModelError(.malformed, "expected a 'logprob' of each token")
    }
    return true
  }
}
