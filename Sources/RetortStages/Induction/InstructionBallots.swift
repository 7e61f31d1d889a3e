internal import RetortCore

/// A model's votes between instructions, two at a time and in both orders.
struct InstructionBallots: Sendable {
  let model: any ChatModel
  let sampling: Sampling
  /// Votes per order of a pair where the endpoint gives no log-probabilities.
  let votes: Int

  struct Ballot: Sendable {
    /// Preference for the candidate shown first, from 0 to 1.
    var share: Double
    /// Counted from votes, for want of log-probabilities.
    var counted: Bool
  }

  /// `[i][j]`: the vote with i shown first.
  func all(of texts: [String]) async throws -> [[Ballot]] {
    let none = Ballot(share: 0.5, counted: false)
    let ballots = try await Together.results(texts.count * texts.count) { place in
      let (i, j) = (place / texts.count, place % texts.count)
      return i == j ? none : try await ballot(texts[i], texts[j])
    }
    return texts.indices.map { i in texts.indices.map { ballots[i * texts.count + $0] } }
  }

  private func ballot(_ first: String, _ second: String) async throws -> Ballot {
    let messages = [
      ChatMessage.system(
        "Two instructions for the same task follow. Say which one would lead you to better results. "
          + "Answer with one letter, A or B, and nothing else."),
      .user("Instruction A:\n\(first)\n\nInstruction B:\n\(second)\n\nWhich one, A or B?"),
    ]
    let single = Sampling(temperature: 0, seed: sampling.seed, maxTokens: 1)
    let reply = try await votingReply(ChatRequest(messages, sampling: single, topLogprobs: 20))
    if let reply, let token = reply.logprobs.first {
      let alternatives =
        token.top.isEmpty ? [(token.token, token.logprob)] : token.top.map { ($0.token, $0.logprob) }
      if let share = Preference.vote(alternatives.map { (token: $0.0, logprob: $0.1) }) {
        return Ballot(share: share, counted: false)
      }
    }
    // Votes are counts: sampled at a temperature, else all of them are the same.
    let sampled = Sampling(temperature: sampling.temperature, seed: sampling.seed, maxTokens: 4)
    let replies = try await SamplingKeys.draw(
      votes, of: ChatRequest(messages, sampling: sampled), from: model)
    let letters = replies.compactMap { $0.text.trimmed.first?.uppercased() }
    let a = letters.count { $0 == "A" }
    let b = letters.count { $0 == "B" }
    return Ballot(share: a + b == 0 ? 0.5 : Double(a) / Double(a + b), counted: true)
  }

  /// Nil where the endpoint cannot report log-probabilities.
  private func votingReply(_ request: ChatRequest) async throws -> ChatReply? {
    do { return try await model.reply(to: request) } catch let error as ModelError
      where error.mayRefuseLogprobs
    { return nil }
  }
}

extension ModelError {
  /// Endpoints that know no log-probabilities refuse the whole request; without them the same request tells.
  var mayRefuseLogprobs: Bool { kind == .unsupported || kind == .refused }
}
