internal import RetortCore

/// What becomes of the thoughts in an answer that is to be learnt.
package enum ThoughtForm: String, Codable, Hashable, Sendable, CaseIterable {
  /// The text is written as it is.
  case keep
  /// Every answer begins with `<think>`, as Qwen3 and its like learn it, also where nothing was thought.
  case think
  case remove

  /// - Parameters:
  ///   - beside: what was thought, where a model's server keeps it apart from the text.
  ///   - mayBeEmpty: whether thoughts alone will do, as where a call follows.
  func text(_ answer: String, beside: String = "", mayBeEmpty: Bool = false) throws(BadRow) -> String {
    let parts = Thoughts(in: answer)
    let said = parts.answer.trimmed
    guard !said.isBlank || parts.text.isEmpty || mayBeEmpty else {
      throw BadRow("no answer after the thoughts", "expected an answer after the thoughts, found none")
    }
    guard self != .keep else { return answer }
    guard !parts.areOpen else {
      throw BadRow("thoughts without an end", "expected thoughts that end, found some that do not")
    }
    guard self == .think else { return said }
    return "<think>\n\(parts.text.isEmpty ? beside.trimmed : parts.text)\n</think>\n\n\(said)"
  }
}
