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
  ///
  /// - Parameter images: of the question, shown with it.
  func compare(
    _ question: String, _ answers: [String], showing images: [ImageReference] = [],
    where counts: (_ i: Int, _ k: Int) -> Bool
  ) async throws -> [[Int]: Int] {
    let pairs = answers.indices.flatMap { i in
      answers.indices.filter { k in k > i && counts(i, k) }.map { [i, $0] }
    }
    let orders = pairs.flatMap { [$0, $0.reversed()] }
    let preferred = try await Together.results(orders.count) {
      try await prefers(question, answers[orders[$0][0]], answers[orders[$0][1]], images)
    }
    return Dictionary(
      uniqueKeysWithValues: pairs.enumerated().map { place, pair in
        let (forth, back) = (preferred[2 * place], -preferred[2 * place + 1])
        return (pair, forth == back ? forth : 0)
      })
  }

  /// 1 for the first, -1 for the second, 0 for neither or for a reply that says nothing of the kind.
  private func prefers(
    _ question: String, _ first: String, _ second: String, _ images: [ImageReference]
  ) async throws -> Int {
    let text = try prompt.render([
      "question": .string(question), "first": .string(first), "second": .string(second),
    ])
    let reply = try await model.reply(
      to: ChatRequest(
        [.user(images.map { .image($0) } + [.text(text.trimmed)])],
        sampling: Sampling(temperature: 0, maxTokens: 8)))
    let word = reply.text.firstMatch(of: /[A-Za-z]+/)?.output.lowercased()
    return word == "a" ? 1 : word == "b" ? -1 : 0
  }
}
