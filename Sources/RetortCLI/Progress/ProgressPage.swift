internal import Foundation
internal import RetortCore

/// A run's progress as lines of text: a function of what the run told, the time and the terminal.
enum ProgressPage {
  /// What was spent, against what may be.
  struct Spending: Hashable, Sendable {
    var tokens = 0
    var usd = 0.0
    var maxTokens: Int?
    var maxUSD: Double?
    /// Of this run alone, where tokens and USD are those of the runs that it goes on with too.
    var calls = CallGauge.Reading()

    /// Nothing where no call was made or paid for.
    var words: [String] {
      var words: [String] = []
      if calls.answered > 0 { words.append("calls \(Figure.compact(Double(calls.answered)))") }
      if tokens > 0 || maxTokens != nil {
        let spent = Figure.compact(Double(tokens))
        words.append("tokens " + (maxTokens.map { "\(spent) of \(Figure.compact(Double($0)))" } ?? spent))
      }
      if let maxUSD {
        words.append("USD \(Figure.money(usd)) of \(Figure.money(maxUSD))")
      } else if calls.answered > 0 || usd > 0 {
        words.append(Figure.cost(usd, calls: calls.answered, unpriced: calls.unpriced))
      }
      return words
    }

    var hold: String? {
      calls.hold.map { "waiting for \($0.what) (\($0.calls) \($0.calls == 1 ? "call" : "calls"))" }
    }
  }

  /// A line for each stage under one for the run, no wider than `width` and no higher than `height`.
  static func table(
    _ board: RunBoard, _ spending: Spending, at time: Double, width: Int = 80, height: Int = 50,
    colour: Bool = false
  ) -> [String] {
    let columns = columns(board, at: time)
    let name = min(15, max(5, board.stages.map(\.name.count).max() ?? 5))
    // Columns that do not fit are left out, the last first.
    var shown = 0
    var used = name
    while shown < columns.count, used + 2 + columns[shown].width <= width {
      used += 2 + columns[shown].width
      shown += 1
    }
    func line(_ first: String, _ cell: (Column) -> String) -> String {
      let cells = columns.prefix(shown).map { pad(cell($0), $0.width, left: true) }
      return ([pad(first, name)] + cells).joined(separator: "  ")
    }
    let head = String(head(board, spending, at: time).prefix(width))
    var lines = [head, style(line("stage") { $0.title }, "2", colour)]
    let played = board.stages.filter { !$0.isSkipped }
    for stage in fitting(played, height: height - 3) {
      let text = line(stage.name) { $0.cell(stage) }
      let code = stage.failed > 0 ? "31" : stage.isFinished ? "2" : stage.inFlight > 0 ? "1" : "0"
      lines.append(style(text, code, colour))
    }
    let hidden = played.count - lines.count + 2
    if hidden > 0 { lines.append(style("… and \(hidden) more", "2", colour)) }
    return lines
  }

  /// One line about one stage, where the table cannot be drawn.
  static func line(_ stage: RunBoard.Stage, of board: RunBoard, at time: Double) -> String {
    let count = done(stage, board)
    var words = ["\(count.isEmpty ? "0" : count) done", "kept \(stage.kept)"]
    if stage.dropped > 0 { words.append("dropped \(stage.dropped)") }
    if stage.failed > 0 { words.append("failed \(stage.failed)") }
    if stage.inFlight > 0 { words.append("in flight \(stage.inFlight)") }
    if let rate = board.rate(of: stage, at: time) { words.append("\(number(rate)) rows/s") }
    if let left = board.secondsLeft(of: stage, at: time) { words.append("\(duration(left)) left") }
    return "\(stage.name): \(words.joined(separator: ", "))"
  }

  /// One line about the run, where the table cannot be drawn: the stages at work, what was spent, what is waited for.
  static func line(_ board: RunBoard, _ spending: Spending, at time: Double) -> String {
    let atWork = board.stages.filter { !$0.isFinished && ($0.inFlight > 0 || $0.done > 0) }
    let shown = atWork.prefix(4).map { stage in
      let failed = stage.failed > 0 ? " (\(stage.failed) failed)" : ""
      return "\(stage.name) \(done(stage, board))\(failed)"
    }
    let more = atWork.count > 4 ? ["\(atWork.count - 4) more stages"] : []
    let parts = [
      (shown + more).joined(separator: ", "), spending.words.joined(separator: ", "), spending.hold ?? "",
    ]
    return "\(duration(time - board.began)): \(parts.filter { !$0.isEmpty }.joined(separator: "; "))"
  }

  private struct Column {
    let title: String
    let width: Int
    let cell: (RunBoard.Stage) -> String
  }

  private static func columns(_ board: RunBoard, at time: Double) -> [Column] {
    func count(_ number: Int) -> String { number == 0 ? "" : Figure.compact(Double(number)) }
    return [
      Column(title: "done", width: 14) { done($0, board) },
      Column(title: "kept", width: 6) { count($0.kept) },
      Column(title: "dropped", width: 7) { count($0.dropped) },
      Column(title: "failed", width: 6) { count($0.failed) },
      Column(title: "left", width: 6) { board.secondsLeft(of: $0, at: time).map(duration) ?? "" },
      Column(title: "rows/s", width: 6) { stage in
        stage.isFinished ? "" : board.rate(of: stage, at: time).map(number) ?? ""
      },
      Column(title: "flying", width: 6) { count($0.inFlight) },
    ]
  }

  private static func head(_ board: RunBoard, _ spending: Spending, at time: Double) -> String {
    var words = [board.run.map { "run \($0)" } ?? "starting", duration(time - board.began)]
    words += spending.words
    if let hold = spending.hold { words.append(hold) }
    return words.joined(separator: "  ")
  }

  /// `12/40`; with a `+` where more rows may come.
  private static func done(_ stage: RunBoard.Stage, _ board: RunBoard) -> String {
    guard let total = board.total(of: stage) else { return stage.isFinished ? "\(stage.done)" : "" }
    guard total > 0 || stage.done > 0 else { return "" }
    let counts = [stage.done, total].map { Figure.compact(Double($0)) }
    return counts.joined(separator: "/") + (board.isWhole(stage) ? "" : "+")
  }

  /// The stages that a low terminal has room for: those at work before those that have finished or wait.
  private static func fitting(_ stages: [RunBoard.Stage], height: Int) -> [RunBoard.Stage] {
    guard stages.count > max(1, height) else { return stages }
    let order = stages.indices.sorted {
      (rank(stages[$0]), $0) < (rank(stages[$1]), $1)
    }
    return order.prefix(max(1, height)).sorted().map { stages[$0] }
  }

  private static func rank(_ stage: RunBoard.Stage) -> Int {
    stage.isFinished ? 2 : stage.inFlight > 0 || stage.done > 0 ? 0 : 1
  }

  private static func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    guard text.count <= width else { return text.prefix(width - 1) + "…" }
    let fill = String(repeating: " ", count: width - text.count)
    return left ? fill + text : text + fill
  }

  private static func style(_ text: String, _ code: String, _ colour: Bool) -> String {
    colour && code != "0" ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  private static func number(_ rate: Double) -> String { String(format: rate < 10 ? "%.1f" : "%.0f", rate) }

  /// `42s`, `3m05s`, `2h10m`.
  static func duration(_ seconds: Double) -> String {
    let seconds = Int(min(max(0, seconds), 3_599_999).rounded())
    switch seconds {
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m\(String(format: "%02d", seconds % 60))s"
    default: return "\(seconds / 3600)h\(String(format: "%02d", seconds / 60 % 60))m"
    }
  }
}
