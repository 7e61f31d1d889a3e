internal import OrderedCollections
internal import RetortCore

/// Asks a chat model which of two answers is better, in both orders, since judges prefer a place.
struct PairJudge: Sendable {
  private let model: any ChatModel
  private let prompt: Prompt

  init(_ model: any ChatModel, prompt: PromptFile?) throws {
    self.model = model
    self.prompt = try Prompt(text: prompt?.text ?? PromptText.comparePair)
  }

  /// For each pair `[i, k]` with i < k that counts: 1 where i is better in both orders, -1 where k is, 0 otherwise.
  func compare(
    _ question: String, _ answers: [String], where counts: (_ i: Int, _ k: Int) -> Bool
  ) async throws -> [[Int]: Int] {
    try await withThrowingTaskGroup(of: ([Int], Int).self) { group in
      for i in answers.indices {
        for k in answers.indices where k > i && counts(i, k) {
          group.addTask {
            async let forth = prefers(question, answers[i], answers[k])
            async let back = prefers(question, answers[k], answers[i])
            let (first, second) = try await (forth, -back)
            return ([i, k], first == second ? first : 0)
          }
        }
      }
      var verdicts: [[Int]: Int] = [:]
      for try await (pair, verdict) in group { verdicts[pair] = verdict }
      return verdicts
    }
  }

  /// 1 for the first, -1 for the second, 0 for neither or for a reply that says nothing of the kind.
  private func prefers(_ question: String, _ first: String, _ second: String) async throws -> Int {
    let text = try prompt.render([
      "question": .string(question), "first": .string(first), "second": .string(second),
    ])
    let reply = try await model.reply(
      to: ChatRequest([.user(text.trimmed)], sampling: Sampling(temperature: 0, maxTokens: 8)))
    let word = reply.text.firstMatch(of: /[A-Za-z]+/)?.output.lowercased()
    return word == "a" ? 1 : word == "b" ? -1 : 0
  }
}
