internal import Foundation
internal import RetortCore

/// What a check-up of models prints.
enum CheckupPage {
  static func lines(_ findings: [Checkup.Finding]) -> [String] {
    findings.flatMap(lines) + [closing(findings)]
  }

  private static func lines(_ finding: Checkup.Finding) -> [String] {
    let model = "\(finding.model.alias) (\(finding.model.kind.rawValue), \(finding.model.name))"
    guard finding.mistakes.isEmpty else {
      return ["\(model): does not answer"] + (finding.mistakes + finding.notes).map { "  \($0)" }
    }
    return ["\(model): answers, \(seconds(finding.seconds)), \(cost(finding))"]
      + finding.notes.map { "  note: \($0)" }
  }

  private static func seconds(_ seconds: Double) -> String { String(format: "%.1f s", seconds) }

  private static func cost(_ finding: Checkup.Finding) -> String {
    let tally = finding.spent
    let usd = finding.model.price == nil ? "" : ", USD \(Figure.money(tally.usd))"
    return "\(tally.promptTokens) tokens in, \(tally.completionTokens) out\(usd)"
  }

  private static func closing(_ findings: [Checkup.Finding]) -> String {
    let total = findings.reduce(into: CallTally()) { $0 += $1.spent }
    let wrong = findings.count { !$0.mistakes.isEmpty }
    let count = wrong == 0 ? "all \(findings.count) answer" : "\(wrong) of \(findings.count) do not answer"
    let usd = findings.contains { $0.model.price != nil } ? ", USD \(Figure.money(total.usd))" : ""
    return
      "models: \(count); it took \(total.promptTokens + total.completionTokens) tokens\(usd), which are part of no run"
  }
}
