internal import RetortCore

/// How long a rationale may be, measured by its question (Less is More, arXiv 2504.16408): the prompt states
/// floor(2.1 x tokens) and the request stops at floor(3 x tokens).
///
/// How the question's tokens are counted, ``TokenCount`` says.
struct TokenBudget: Hashable, Sendable {
  /// Tokens of the question.
  let question: Int
  /// Tokens, as the prompt states them.
  let stated: Int
  /// Tokens, as `max_tokens` of the request.
  let limit: Int

  init(question text: String, stated: Double = 2.1, limit: Double = 3) {
    self.init(tokens: TokenEstimate.characters(text), stated: stated, limit: limit)
  }

  init(tokens question: Int, stated: Double = 2.1, limit: Double = 3) {
    self.question = question
    self.stated = Self.floor(Double(question) * stated)
    self.limit = max(1, Self.floor(Double(question) * limit))
  }

  // 2.1 x 10 is 21 on paper; a hair below it in binary must not make it 20.
  private static func floor(_ value: Double) -> Int { Int((value + 1e-9).rounded(.down)) }
}
