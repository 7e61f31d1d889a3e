internal import RetortCore
internal import RetortStore

extension RunReport {
  /// What was asked of tools, and what went wrong.
  var toolCalls: [ReportBlock] {
    guard !tools.isEmpty else { return [] }
    let showsImages = tools.contains { $0.images > 0 }
    return [
      .heading(2, "Calls of tools"),
      .table(
        ["stage", "tool", "faults", "calls", "tokens of results", "seconds"]
          + (showsImages ? ["images"] : []),
        tools.map { tool in
          [
            tool.stage, tool.tool, faults(of: tool), Figure.count(tool.calls), Figure.count(tool.tokens),
            Figure.short(tool.seconds),
          ] + (showsImages ? [Figure.count(tool.images)] : [])
        }, texts: 3),
      .text(
        "A result that several rollouts were given was asked for once. Tokens are a quarter of the characters."
      ),
    ]
  }

  private func faults(of tool: ToolTally) -> String {
    var faults = tool.faults.sorted { $0.key < $1.key }.map { "\(Figure.count($0.value)) \($0.key)" }
    if tool.differing > 0 {
      faults.append("\(Figure.count(tool.differing)) \(ToolFault.Kind.replayDiffers.rawValue)")
    }
    return faults.joined(separator: ", ")
  }
}
