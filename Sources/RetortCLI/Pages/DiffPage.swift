internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

/// Two runs beside each other as text: what was configured otherwise, the counts, rows that differ, and the cost.
enum DiffPage {
  static func lines(_ diff: RunDiff) -> [String] {
    let names = ["\(diff.old.run)", "\(diff.new.run)"]
    var lines: [String] = []
    if !diff.changed.isEmpty {
      lines.append("configuration:")
      lines += diff.changed.map { "  \(Terminal.safe($0.description))" }
    }
    let counts = diff.stages.map { stage -> [JSON] in
      let pairs = [\Books.in, \.emitted, \.dropped, \.failed, \.pending].map { count in
        Self.pair(stage.old?[keyPath: count], stage.new?[keyPath: count])
      }
      return [.string(stage.stage)] + pairs.map { .string($0) }
    }
    let columns = ["stage", "in", "emitted", "dropped", "failed", "pending"]
    lines += Terminal.lines(of: Table(columns: columns, rows: counts), width: 20)
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
        columns: ["run", "status", "calls", "remembered", "tokens in", "tokens out", "USD"], rows: spent))
    return lines
  }

  /// `12`, or `12 → 14` where they differ; `–` for a stage that a run has not.
  private static func pair(_ old: Int?, _ new: Int?) -> String {
    let texts = [old, new].map { $0.map(String.init) ?? "–" }
    return texts[0] == texts[1] ? texts[0] : texts.joined(separator: " → ")
  }
}
