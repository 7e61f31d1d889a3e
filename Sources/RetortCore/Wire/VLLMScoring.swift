internal import OrderedCollections

/// Scoring under vLLM, which reports the log-probabilities of the prompt it reads.
struct VLLMScoring: ScoringFormat {
  func understands(_ model: ModelSpec) -> Bool { model.kind == .vllmLogprobs }

  func logprobs(
    of completion: String, after messages: [ChatMessage], asking server: some ServerQuestions
  ) async throws -> [TokenLogprob] {
    let before = try await server.ask(.tokens(["messages": messages.json, "add_generation_prompt": true]))
    let own = try await server.ask(
      .tokens(["prompt": .string(completion), "add_special_tokens": false], of: completion))
    return own.isEmpty ? [] : try await server.ask(Self.reading(own, after: before))
  }

  private static func reading(_ tokens: [Int64], after before: [Int64]) -> ServerQuestion<[TokenLogprob]> {
    let all = before + tokens
    let fields: JSON.Object = [
      "prompt": .array(all.map { .int($0) }), "max_tokens": 1, "temperature": 0, "prompt_logprobs": 1,
    ]
    let estimate = Usage(promptTokens: all.count, completionTokens: 1)
    return ServerQuestion("completions", fields, estimate: estimate) { reply in
      let list = reply["choices"]?.array?.first?["prompt_logprobs"]?.array ?? []
      guard list.count == all.count else {
        throw ModelError.missing("\(all.count) entries under choices[0].prompt_logprobs", in: reply)
      }
      return try zip(tokens, list.suffix(tokens.count)).map { token, entry in
        guard let found = entry[String(token)], let logprob = TokenLogprob.read(found["logprob"]) else {
          throw ModelError.missing("token \(token) among its prompt_logprobs", in: entry)
        }
        return TokenLogprob(found["decoded_token"]?.string ?? "", logprob)
      }
    }
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    guard let choices = stored.reply.json["choices"], stored.parameters["prompt_logprobs"] != nil else {
      return false
    }
    let list = choices.array?.first?["prompt_logprobs"]?.array ?? []
    if let tokens = stored.prompt.array, tokens.count != list.count {
      throw ModelError(.malformed, "expected \(tokens.count) prompt_logprobs, found \(list.count)")
    }
    return true
  }
}
