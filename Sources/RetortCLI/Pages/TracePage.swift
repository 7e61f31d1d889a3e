internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

/// A trace as text: a table of the rows, then how those ended that did, then where to look further.
enum TracePage {
  /// `sets` names the rows of each stage under `using:`, two of them at most.
  static func lines(_ trace: Table, sets: OrderedDictionary<String, [String]>, run: Int64?) -> [String] {
    let shown = trace.columns.indices.filter { !["using", "ended"].contains(trace.columns[$0]) }
    let made = zip(trace.rows, trace.objects).filter { $1["ended"]?.string == nil }
    var lines = Terminal.lines(
      of: Table(columns: shown.map { trace.columns[$0] }, rows: made.map { row, _ in shown.map { row[$0] } }))
    for line in trace.objects {
      guard let ended = line["ended"]?.string, let stage = line["stage"]?.string else { continue }
      let calls = line["replies"]?.string.map { "; replies \($0)" } ?? ""
      lines.append(Terminal.safe("\(line["row"]?.string ?? "") at \(stage) \(ended)\(calls)"))
    }
    let option = run.map { " --run \($0)" } ?? ""
    for (stage, rows) in sets {
      let next = rows.count == 1 ? "retort trace \(rows[0])\(option)" : "retort show \(stage)\(option)"
      lines.append("calls behind the set of '\(stage)' (using:) are not in this list: \(next)")
    }
    return lines
  }

  /// The stages that the trace has under `using:`.
  static func sets(of trace: Table) -> OrderedSet<String> {
    OrderedSet(
      trace.objects.flatMap { line in
        (line["using"]?.string ?? "").split(separator: ", ").map(String.init)
      })
  }
}
