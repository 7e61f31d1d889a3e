internal import Foundation

/// A reward from a chat model that is asked whether an answer is good: the log-odds of `yes` against `no` as the
/// first token of its reply.
struct Judge: RewardModel {
  private let model: any ChatModel

  static let instruction = """
    You grade an assistant's last answer. Consider whether it is correct, follows from what was asked and is \
    soundly reasoned. Reply with one word: yes if it is, no if it is not.
    """

  init(_ model: any ChatModel) { self.model = model }

  func score(_ conversation: [ChatMessage]) async throws -> RewardScore {
    let transcript = Transcript.text(conversation)
    let images = conversation.flatMap(\.images).map { MessagePart.image($0) }
    let question = "\(transcript)\n\nIs the assistant's last answer good? Reply yes or no."
    let request = ChatRequest(
      [.system(Self.instruction), .user(images + [.text(question)])],
      sampling: Sampling(temperature: 0, maxTokens: 1), topLogprobs: 20)
    return try Self.score(try await model.reply(to: request) { _ = try Self.score($0) })
  }

  /// Whether a stored call is one of these.
  static func asked(_ parameters: JSON, _ prompt: JSON) -> Bool {
    parameters["max_tokens"] == 1 && parameters["top_logprobs"] == 20
      && prompt.array?.first?["content"]?.string == instruction
  }

  /// logit = log(P(yes) / P(no)) from the first token's alternatives, summed over spellings (trimmed, case folded).
  ///
  /// Where only one of the two is among the alternatives, the other's probability is bounded by the least likely
  /// one shown and by what they leave over; that bound stands for it, so the logit is the smallest in size that the
  /// reply allows. Errors: ``ModelError`` of kind `unsupported` when there are no alternatives or neither word is
  /// among them.
  static func score(_ reply: ChatReply) throws -> RewardScore {
    guard let first = reply.logprobs.first else {
      throw ModelError(.unsupported, "expected log-probabilities in the judge's reply, found none")
    }
    let top = first.top.isEmpty ? [TokenLogprob.Alternative(first.token, first.logprob)] : first.top
    func probability(of word: String) -> Double {
      top.reduce(0) {
        let token = $1.token.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        return token == word ? $0 + exp(min(0, $1.logprob)) : $0
      }
    }
    var yes = probability(of: "yes")
    var no = probability(of: "no")
    guard yes > 0 || no > 0 else {
      let seen = top.prefix(5).map { "'\($0.token)'" }.joined(separator: ", ")
      throw ModelError(.unsupported, "expected yes or no among the judge's first tokens, found \(seen)")
    }
    let shown = top.map { exp(min(0, $0.logprob)) }
    let bound = max(1e-10, min(shown.min() ?? 1, 1 - shown.reduce(0, +)))
    if yes == 0 { yes = min(bound, no) }
    if no == 0 { no = min(bound, yes) }
    let logit = log(yes) - log(no)
    return RewardScore(logit: logit, probability: Logistic.probability(logit), scale: "logprob-odds")
  }
}

/// A conversation as plain text, for models that take no messages.
enum Transcript {
  static func text(_ conversation: [ChatMessage]) -> String {
    conversation.map { "\($0.role.rawValue.capitalized): \($0.content)" }.joined(separator: "\n\n")
  }
}

package enum Logistic {
  package static func probability(_ logit: Double) -> Double {
    logit >= 0 ? 1 / (1 + exp(-logit)) : exp(logit) / (1 + exp(logit))
  }

  /// The inverse; probabilities of 0 and 1 are taken as 1e-10 and 1 - 1e-10, so that the logit is finite.
  static func logit(_ probability: Double) -> Double {
    let bounded = min(1 - 1e-10, max(1e-10, probability))
    return log(bounded) - log(1 - bounded)
  }
}
