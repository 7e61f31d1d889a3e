/// Replies of old stores, held against today's checks. What was asked is told from the request's parameters and the
/// reply's form; where they leave a doubt the reply counts as usable.
package enum StoredReply {
  /// Why nobody could use a reply; nil where somebody could.
  package static func fault(body: String, parameters: JSON, prompt: JSON) -> String? {
    guard let json = try? JSON(parsing: body) else { return "no JSON" }
    do {
      try check(json, body: body, parameters: parameters, prompt: prompt)
      return nil
    } catch { return (error as? ModelError)?.message ?? "\(error)" }
  }

  private static func check(_ json: JSON, body: String, parameters: JSON, prompt: JSON) throws {
    if let choices = json["choices"] {
      if parameters["prompt_logprobs"] != nil {
        let list = choices.array?.first?["prompt_logprobs"]?.array ?? []
        guard let tokens = prompt.array, tokens.count != list.count else { return }
        throw ModelError(.malformed, "expected \(tokens.count) prompt_logprobs, found \(list.count)")
      }
      try ChatCompletions.check(json)
      if Judge.asked(parameters, prompt) {
        _ = try Judge.score(ChatCompletions.reply(RawReply(body: body)))
      }
    } else if let list = json["completion_probabilities"]?.array {
      guard list.contains(where: { TokenLogprob.read($0["logprob"]) == nil }) else { return }
      throw ModelError(.malformed, "expected a 'logprob' of each token")
    } else if json["data"]?.array?.first?["embedding"] != nil {
      _ = try Embeddings.lists(body, count: json["data"]?.array?.count ?? 0)
    } else if let kind = RewardEndpoint.kind(of: json) {
      _ = try RewardEndpoint.score(json, from: kind)
    } else if let error = json["error"], !error.isBlank {
      throw ModelError(.malformed, "expected a reply, found an error: \(error.text.prefix(200))")
    }
  }
}
