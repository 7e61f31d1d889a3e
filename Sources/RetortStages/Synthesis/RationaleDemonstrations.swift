internal import OrderedCollections
internal import RetortCore

/// How demonstrations of a rationale are shown: which column holds it, and whether it ends with its answer.
struct RationaleDemonstrations: Hashable, Sendable {
  /// The column with the rationale; nil for `cot`, which every demonstration must have then.
  var column: String?
  var endsWithAnswer: Bool

  /// The demonstrations to show, their rationale under `cot`. One without the named column is left out, and where
  /// answers are shown one whose rationale states another answer than its own.
  func shown(_ demonstrations: [JSON]) -> [JSON] {
    demonstrations.compactMap { demonstration in
      guard var row = demonstration.object else { return demonstration }
      if let column {
        guard let text = row[column]?.string, !text.trimmed.isEmpty else { return nil }
        row["cot"] = .string(text)
      }
      if endsWithAnswer, let cot = row["cot"]?.string, let answer = row["answer"]?.string {
        guard let ended = Self.ended(cot, answer: answer, question: row["question"]?.string ?? "") else {
          return nil
        }
        row["cot"] = .string(ended)
      }
      return .object(row)
    }
  }

  /// The rationale with its answer at its end, unless it states it; nil where it states another.
  static func ended(_ cot: String, answer: String, question: String) -> String? {
    switch StatedAnswer.agrees(stated: cot, with: answer, to: question) {
    case true?: return cot
    case false? where StatedAnswer.option(answer) != nil: return nil
    default: return "\(cot.trimmed)\nThe answer is \(StatedAnswer.option(answer) ?? answer.trimmed)."
    }
  }
}
