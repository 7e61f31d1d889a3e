internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// A trace as text: a table of the rows, how those ended that did, a table of the calls, then where to look further.
enum TracePage {
  /// Lines of a table that a screen shows.
  static let linesOfTable = 100

  /// - Parameters:
  ///   - sets: the rows of each stage under `using:`, two of them at most.
  ///   - turns: of the rollouts among the rows.
  ///   - run: that has to be named to look further.
  static func lines(
    _ trace: Table, calls: [CallLine], turns: [RolloutStep] = [], sets: OrderedDictionary<String, [String]>,
    run: Int64?, screen: Int?
  ) -> [String] {
    let rows = trace.objects.filter { $0["ended"]?.string == nil }
    let twins = Dictionary(grouping: rows) { [$0["stage"], $0["row"], $0["source"]] }.filter { $1.count > 1 }
    let made = rows.map { line -> [JSON] in
      let isTwin = twins[[line["stage"], line["row"], line["source"]]] != nil
      let row = (line["row"]?.string ?? "") + (isTwin ? sample(line["path"]?.string) : "")
      return [line["stage"], .string(row), line["source"], .string(names(ids(line)))].map { $0 ?? .null }
    }
    var lines = table(["stage", "row", "source", "calls"], made, screen)
    // Rows of equal content end alike.
    let ends = OrderedSet(
      trace.objects.compactMap { line -> String? in
        guard let ended = line["ended"]?.string, let stage = line["stage"]?.string else { return nil }
        return "\(line["row"]?.string ?? "") at \(stage) \(ended)\(ShowPage.calls(ids(line)))"
      })
    lines += ShowPage.said(Array(ends), screen: screen)
    if !calls.isEmpty {
      lines +=
        [""] + table(["call", "stage", "model", "tokens in", "tokens out", "USD"], costs(calls), screen)
    }
    for (path, steps) in OrderedDictionary(grouping: turns, by: \.path) {
      guard let first = steps.first else { continue }
      let isTwin = twins.keys.contains { $0[0]?.string == first.stage && $0[1]?.string == first.row }
      lines += ["", "turns of \(first.row)\(isTwin ? sample(path) : "") at \(first.stage)"]
      lines += table(
        ["turn", "call", "asked", "tokens in", "tokens out", "seconds", "USD", "fault"], steps.map(cells),
        screen)
    }
    let option = run.map { " --run \($0)" } ?? ""
    for (stage, rows) in sets {
      let next = rows.count == 1 ? "retort trace \(rows[0])\(option)" : "retort show \(stage)\(option)"
      lines += ShowPage.said(
        ["calls behind the set of '\(stage)' (using:) are not in this list: \(next)"], screen: screen)
    }
    return lines
  }

  /// Which of the rows of one step it is, where others are the same: the last part of its path, a letter and a number.
  private static func sample(_ path: String?) -> String {
    guard let number = path?.split(separator: ".").last?.dropFirst(), !number.isEmpty else { return "" }
    return " (sample \(number))"
  }

  /// A line for each call, and their sum where there are several.
  private static func costs(_ calls: [CallLine]) -> [[JSON]] {
    var lines = calls
    if calls.count > 1 {
      let known = calls.compactMap(\.usd)
      lines.append(
        CallLine(
          call: "all", stage: "", model: "", promptTokens: calls.map(\.promptTokens).reduce(0, +),
          completionTokens: calls.map(\.completionTokens).reduce(0, +),
          usd: known.isEmpty ? nil : known.reduce(0, +), seconds: 0))
    }
    let costs = lines.map { $0.usd.map(Figure.money) ?? "no price" }
    let width = costs.map(\.count).max() ?? 0
    return zip(lines, costs).map { line, usd in
      [
        .string(line.call), .string(line.stage), .string(line.model), .int(Int64(line.promptTokens)),
        .int(Int64(line.completionTokens)), .string(String(repeating: " ", count: width - usd.count) + usd),
      ]
    }
  }

  private static func cells(_ step: RolloutStep) -> [JSON] {
    [
      .int(Int64(step.turn)), .string(step.call), .string(step.name),
      step.promptTokens.map { JSON.int(Int64($0)) } ?? "", .int(Int64(step.tokens)),
      .string(Figure.seconds(step.seconds)), .string(step.usd.map(Figure.money) ?? ""),
      .string(step.fault ?? ""),
    ]
  }

  /// A table whose middle is left out where a screen has no use for so many lines.
  private static func table(_ columns: [String], _ rows: [[JSON]], _ screen: Int?) -> [String] {
    guard screen != nil, rows.count > linesOfTable else {
      return Terminal.lines(of: Table(columns: columns, rows: rows), width: nil, screen: screen)
    }
    let half = linesOfTable / 2
    let shown = Terminal.lines(
      of: Table(columns: columns, rows: Array(rows.prefix(half) + rows.suffix(half))), width: nil,
      screen: screen)
    return shown.prefix(half + 1) + ["… \(rows.count - linesOfTable) lines more: --full"] + shown.suffix(half)
  }

  private static func names(_ calls: [Int64]) -> String { calls.map { "c_\($0)" }.joined(separator: ",") }

  /// The trace for programs, each line with what its calls took.
  static func json(_ trace: Table, _ calls: [CallLine], _ turns: [RolloutStep] = []) throws -> JSON {
    let steps = Dictionary(grouping: turns) { $0.stage + " " + $0.path }
    let found = Dictionary(try calls.map { ($0.call, try JSON(encoding: $0)) }) { first, _ in first }
    return .array(
      try trace.objects.map { line in
        var line = line
        let place = (line["stage"]?.string ?? "") + " " + (line["path"]?.string ?? "")
        if line["ended"]?.string == nil, let steps = steps[place] {
          line["turns"] = try JSON(encoding: steps)
        }
        line["made_by"] = .array(ids(line).compactMap { found["c_\($0)"] })
        return .object(line)
      })
  }

  /// Every call of a trace once, in order.
  static func calls(of trace: Table) -> [Int64] { Array(OrderedSet(trace.objects.flatMap(ids))) }

  private static func ids(_ line: JSON.Object) -> [Int64] {
    (line["replies"]?.string ?? "").split(separator: ",").compactMap { Int64($0) }
  }

  /// The stages that the trace has under `using:`.
  static func sets(of trace: Table) -> OrderedSet<String> {
    OrderedSet(
      trace.objects.flatMap { line in
        (line["using"]?.string ?? "").split(separator: ", ").map(String.init)
      })
  }
}
