internal import RetortCore

/// One thing that can be wrong with a rationale as a text, whatever is parsed of it; its reason is what the row is
/// dropped and counted by.
package enum RationaleRule: String, Codable, Hashable, Sendable, CaseIterable {
  case prose, repetition, instruction
  case oneAnswer = "one_answer"

  package var reason: String {
    switch self {
    case .prose: "rationale is JSON"
    case .repetition: "rationale repeats itself"
    case .instruction: "rationale repeats the instruction"
    case .oneAnswer: "rationale states two answers"
    }
  }

  static let help =
    "Rules for the rationale as a text that are applied: prose (it is no JSON), repetition (it does not repeat "
    + "itself), instruction (it is no copy of the instruction), one_answer (it states one final answer); default none."
}

/// The rules that are on, with their thresholds.
struct RationaleRules: Hashable, Sendable {
  struct Violation: Hashable, Sendable {
    var rule: RationaleRule
    /// What was expected and found.
    var message: String
  }

  var rules: Set<RationaleRule>

  /// Least share (0…1) of a rationale's characters inside JSON values that makes it JSON.
  static let jsonShare = 0.5
  /// Words in a row that are compared, and the least share (0…1) of a rationale's runs of that length that stand in it
  /// before.
  static let repeated = (words: 8, share: 0.3)
  /// The same for runs that stand in the instruction and not in the question.
  static let copied = (words: 6, share: 0.5)
  /// How often a sentence may stand in a row.
  static let inARow = 2

  /// Everything wrong with `rationale`, in the order of ``RationaleRule``.
  ///
  /// - Parameter instruction: what the rationale's writer was told, demonstrations left out; empty where unknown.
  func violations(in rationale: String, question: String, instruction: String) -> [Violation] {
    RationaleRule.allCases.filter(rules.contains).compactMap { rule in
      let message =
        switch rule {
        case .prose: Self.json(rationale)
        case .repetition: Self.repetition(rationale)
        case .instruction: Self.copy(rationale, of: instruction, question: question)
        case .oneAnswer: Self.answers(rationale, question: question)
        }
      return message.map { Violation(rule: rule, message: "cot: \($0)") }
    }
  }

  private static func json(_ rationale: String) -> String? {
    guard let values = try? ReplyValues(in: rationale) else { return nil }
    let inside = values.found.reduce(0) { sum, found in
      switch found {
      case .whole(let json, let range): sum + (json.texts.isEmpty && json.object == nil ? 0 : range.count)
      // Sets and intervals of mathematics begin like JSON too.
      case .broken(_, let range): sum + (values.reply[range].contains(UInt8(ascii: "\"")) ? range.count : 0)
      }
    }
    let all = rationale.trimmed.utf8.count
    guard all > 0, Double(inside) >= jsonShare * Double(all) else { return nil }
    return "expected prose, found JSON: \(rationale.trimmed.prefix(80))"
  }

  private static func repetition(_ rationale: String) -> String? {
    let sentences = sentences(rationale)
    var row = 0
    for (index, sentence) in sentences.enumerated() {
      row = index > 0 && sentence == sentences[index - 1] ? row + 1 : 1
      if row > inARow {
        return "expected no sentence \(row) times in a row, found \"\(sentence.text.prefix(80))\""
      }
    }
    let words = WordList(rationale)
    let runs = words.count - repeated.words + 1
    guard runs > 0 else { return nil }
    let again = runs - words.runs(of: repeated.words).count
    guard Double(again) >= repeated.share * Double(runs) else { return nil }
    return "expected few words again, found \(again) of \(runs) runs of \(repeated.words) words there before"
  }

  private static func sentences(_ text: String) -> [WordList] {
    text.split { ".!?;。！？；\n".contains($0) }.map { WordList($0) }.filter { !$0.isEmpty }
  }

  private static func copy(_ rationale: String, of instruction: String, question: String) -> String? {
    let words = WordList(rationale)
    let runs = words.count - copied.words + 1
    guard runs > 0 else { return nil }
    let told = WordList(instruction).runs(of: copied.words).subtracting(
      WordList(question).runs(of: copied.words))
    let found = (0..<runs).count { told.contains(words.list[$0..<($0 + copied.words)]) }
    guard Double(found) >= copied.share * Double(runs) else { return nil }
    return "expected reasoning, found \(found) of \(runs) runs of \(copied.words) words in the instruction"
  }

  private static func answers(_ rationale: String, question: String) -> String? {
    var stated = StatedAnswer.all(in: rationale, options: StatedAnswer.options(in: question))
    if stated.isEmpty { stated = ListedAnswers(at: rationale, question: question).letters }
    guard stated.count > 1 else { return nil }
    return "expected one final answer, found \(stated.joined(separator: ", "))"
  }
}
