internal import RetortCore
internal import RetortStore

extension RunReport {
  /// What was asked of tools, and what went wrong.
  var toolCalls: [ReportBlock] {
    guard !tools.isEmpty else { return [] }
    return [
      .heading(2, "Calls of tools"),
      .table(
        ["stage", "tool", "faults", "calls", "tokens of results", "seconds"],
        tools.map { tool in
          let faults = tool.faults.sorted { $0.key < $1.key }.map { "\(Figure.count($0.value)) \($0.key)" }
          return [
            tool.stage, tool.tool, faults.joined(separator: ", "), Figure.count(tool.calls),
            Figure.count(tool.tokens),
            Figure.short(tool.seconds),
          ]
        }, texts: 3),
      .text(
        "A result that several rollouts were given was asked for once. Tokens are a quarter of the characters."
      ),
    ]
  }
}
