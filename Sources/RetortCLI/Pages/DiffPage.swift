internal import RetortCore
internal import RetortStore

/// Two runs beside each other as text: what was configured otherwise and what that redid, the counts, rows that differ,
/// and the cost.
enum DiffPage {
  static func lines(_ diff: RunDiff, screen: Int?) -> [String] {
    let names = ["\(diff.old.run)", "\(diff.new.run)"]
    var lines: [String] = []
    if !diff.changed.isEmpty {
      lines.append("configuration:")
      lines += diff.changed.flatMap { change($0, diff, screen) }
    }
    for cause in diff.redone {
      let stages = cause.stages.map { "\($0.stage) \($0.rows) of \($0.of)" }.joined(separator: ", ")
      lines += ShowPage.said(
        ["the change of \(cause.by) redid (rows of run \(names[1])): \(stages)"], screen: screen)
    }
    let counts = diff.stages.map { stage -> [JSON] in
      let pairs = [\Books.in, \.emitted, \.dropped, \.failed, \.pending].map { count in
        Self.pair(stage.old?[keyPath: count], stage.new?[keyPath: count])
      }
      return [.string(stage.stage)] + pairs.map { .string($0) }
    }
    let columns = ["stage", "in", "emitted", "dropped", "failed", "pending"]
    lines += Terminal.lines(of: Table(columns: columns, rows: counts), width: 20, screen: screen)
    for stage in diff.stages where stage.onlyOld + stage.onlyNew + stage.other > 0 {
      lines.append(
        "\(stage.stage): \(stage.other) with other values, \(stage.onlyOld) only in \(names[0]), "
          + "\(stage.onlyNew) only in \(names[1])")
      for example in stage.examples {
        let rows = [example.old ?? "none", example.new ?? "none"].joined(separator: " → ")
        let columns = example.columns.isEmpty ? "" : ": \(example.columns.joined(separator: ", "))"
        lines.append("  \(example.source)  \(rows)\(Terminal.safe(columns))")
      }
    }
    let calls = [diff.old.calls, diff.new.calls]
    let spent = zip([diff.old, diff.new], calls).map { side, calls -> [JSON] in
      [
        .int(side.run), .string(side.status), .int(Int64(calls.made)), .int(Int64(calls.remembered)),
        .int(Int64(calls.promptTokens)), .int(Int64(calls.completionTokens)), .double(calls.usd),
      ]
    }
    lines += Terminal.lines(
      of: Table(
        columns: ["run", "status", "calls", "remembered", "tokens in", "tokens out", "USD"], rows: spent),
      screen: screen)
    return lines
  }

  /// A field with both its values; of long texts, such as prompts, the lines that differ.
  private static func change(_ change: Difference, _ diff: RunDiff, _ screen: Int?) -> [String] {
    let words = change.description
    if change.isOfContent { return ShowPage.said(["  " + words + " changed"], screen: screen) }
    guard words == change.path else { return ShowPage.said(["  " + words], screen: screen) }
    guard let old = change.old, let new = change.new else {
      let run = change.old == nil ? diff.new.run : diff.old.run
      return ShowPage.said(["  \(change.path): only in run \(run)"], screen: screen)
    }
    guard let before = old.string, let after = new.string else {
      return ShowPage.said(["  \(change.path): \(old.text) → \(new.text)"], screen: screen)
    }
    return ["  \(Terminal.safe(change.path)):", "    --- run \(diff.old.run)", "    +++ run \(diff.new.run)"]
      + UnifiedDiff.lines(before, after).flatMap { line in
        ShowPage.broken("    " + Terminal.harmless(line), indented: 6, screen: screen)
      }
  }

  /// `12`, or `12 → 14` where they differ; `–` for a stage that a run has not.
  private static func pair(_ old: Int?, _ new: Int?) -> String {
    let texts = [old, new].map { $0.map(String.init) ?? "–" }
    return texts[0] == texts[1] ? texts[0] : texts.joined(separator: " → ")
  }
}
