internal import OrderedCollections
internal import RetortCore

/// A rollout as its row has it, taken apart: what the model wrote of its own, and what it was answered.
struct RolloutRecord: Sendable {
  /// Of the model's own turns, in order.
  let said: [String]
  /// Each call by name and arguments, as far as the conversation tells them apart; in order.
  let calls: [String]
  let results: [String]
  /// Calls without a tool turn of theirs, or the other way round.
  let isOpen: Bool

  /// Tags that may stand in a turn, and must be closed there.
  static let paired = ["think", "tool_call", "answer"]
  /// Tags that only a result has.
  static let ofResults = ["tool_response", "result", "observation", "information"]

  /// - Parameter turns: how many of the last assistant turns are the model's own: those before are demonstrations. Nil for
  ///   all.
  init(messages: [JSON], turns: Int?) {
    let rest = Self.own(messages, turns: turns)
    var (said, calls, results): ([String], [String], [String]) = ([], [], [])
    var awaited = 0
    for (place, message) in zip(rest.indices, rest) {
      let text = message["content"]?.string ?? ""
      switch message["role"]?.string {
      case "assistant":
        said.append(text)
        let native = message["tool_calls"]?.array ?? []
        awaited += native.count
        calls += native.map { $0["function"]?.text ?? $0.text }
        // In the forms that are text, a turn that a result follows has called something.
        let next = place + 1 < messages.count ? messages[place + 1] : .null
        if native.isEmpty, Self.isResult(next) { calls.append(Thoughts(in: text).answer.trimmed) }
      case "tool":
        awaited -= 1
        results.append(text)
      case "user": if Self.isResult(message) { results.append(text) }
      default: break
      }
    }
    (self.said, self.calls, self.results) = (said, calls, results)
    isOpen = awaited != 0
  }

  /// What begins with the first of the model's own turns: the last `turns` of the assistant, nil for all.
  static func own(_ messages: [JSON], turns: Int?) -> ArraySlice<JSON> {
    let assistants = messages.indices.filter { messages[$0]["role"]?.string == "assistant" }
    return messages[(assistants.suffix(turns ?? assistants.count).first ?? messages.endIndex)...]
  }

  /// A user turn that holds a result, as the forms that are text write it.
  private static func isResult(_ message: JSON) -> Bool {
    guard message["role"]?.string == "user", let text = message["content"]?.string, text.hasPrefix("<"),
      let end = text.firstIndex(of: ">")
    else { return false }
    let name = text[text.index(after: text.startIndex)..<end]
    return name.allSatisfy { $0.isLetter || $0.isNumber || "_:-".contains($0) }
      && text.hasSuffix("</\(name)>")
  }

  /// Results that say what went wrong.
  var failures: Int { faults(ToolFault.Kind.allCases) }

  /// Calls that no tool could have answered: of one that was not offered, or with arguments that do not fit its schema.
  var badCalls: Int { faults([.unknownTool, .badArguments]) }

  private func faults(_ kinds: [ToolFault.Kind]) -> Int {
    let marks = kinds.map { "Error (\($0.rawValue)): " }
    return results.reduce(0) { count, text in
      count + text.split(separator: "\n").count { line in marks.contains { line.hasPrefix($0) } }
    }
  }

  /// How often the most frequent call was made again.
  var repeats: Int {
    (Dictionary(grouping: calls) { $0 }.values.map(\.count).max() ?? 1) - 1
  }

  /// Why a turn's form is wrong; nil where none is. A short phrase to count by, and which turn it was.
  func flaw(paired: [String] = paired, ofResults: [String] = ofResults) -> (reason: String, detail: String)? {
    for (place, text) in said.enumerated() {
      if let tag = ofResults.first(where: { text.contains("<\($0)>") || text.contains("</\($0)>") }) {
        return ("result forged", "turn \(place + 1) writes <\(tag)> itself")
      }
      if let tag = paired.first(where: { !Self.balances($0, in: text) }) {
        return ("tags unbalanced", "<\(tag)> in turn \(place + 1)")
      }
    }
    return isOpen ? ("call unanswered", "a call has no result") : nil
  }

  /// Whether each opening tag is closed before the next one opens.
  private static func balances(_ tag: String, in text: String) -> Bool {
    var isOpen = false
    var rest = text[...]
    while let next = rest.first(of: ["<\(tag)>", "</\(tag)>"]) {
      guard isOpen == next.word.hasPrefix("</") else { return false }
      isOpen.toggle()
      rest = rest[next.range.upperBound...]
    }
    return !isOpen
  }
}
