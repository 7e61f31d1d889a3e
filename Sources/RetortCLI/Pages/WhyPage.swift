internal import RetortCore
internal import RetortStore

/// Why a row stands where it does, as text.
enum WhyPage {
  /// One paragraph for each answer, then what follows from all of them.
  static func lines(_ why: Why) -> [String] {
    var lines: [String] = []
    for answer in why.answers {
      let row = answer.row.map { "\($0) (\(answer.source))" } ?? answer.source
      lines.append("\(row) at \(answer.stage): \(answer.outcome.rawValue)")
      lines.append("  " + Terminal.safe(answer.detail))
      if let step = answer.step, let made = answer.madeIn {
        let reused = made == why.run ? "" : ", reused by run \(why.run)"
        lines.append("  step \(step), made in run \(made)\(reused)")
      }
    }
    if !why.changed.isEmpty {
      lines.append("changed since run \(why.run):")
      lines += why.changed.map { "  \(Terminal.safe($0.description))" }
      lines.append("the next run makes the step again")
    } else if why.answers.contains(where: { $0.outcome == .failed || $0.outcome == .pending }) {
      lines.append(
        "retort resume \(why.run) tries what failed, but for what was refused for good, and does what is pending"
      )
    }
    return lines
  }
}
