internal import RetortStore

/// A run's funnel as bars of text, for a terminal.
package enum FunnelText {
  /// Characters of the longest bar.
  private static let width = 36
  /// Characters of a stage's name, before it is cut.
  private static let nameWidth = 16

  /// A line for each stage, at most 80 characters wide while its counts have up to six digits, and one that says what
  /// the signs are.
  package static func text(_ report: RunReport) -> String {
    let most = report.stages.map(\.books.in).max() ?? 0
    let names = report.stages.map { cut($0.name) }
    let column = names.map(\.count).max() ?? 0
    let lines = zip(names, report.stages).map { name, stage in
      let bar = bar(stage.books, of: most)
      return "\(padded(name, column))  \(padded(bar, width))  \(counts(stage.books))"
    }
    return (lines + ["", "█ emitted  ░ dropped  × failed  · pending  → rows made"]).joined(separator: "\n")
  }

  /// Each part as long as its rows; one that has any is seen.
  private static func bar(_ books: Books, of most: Int) -> String {
    guard most > 0 else { return "" }
    let parts = [(books.emitted, "█"), (books.dropped, "░"), (books.failed, "×"), (books.pending, "·")]
    var rows = 0
    var drawn = 0
    var bar = ""
    for (count, sign) in parts where count > 0 {
      rows += count
      let end = min(width, max(drawn + 1, Int((Double(rows * width) / Double(most)).rounded())))
      bar += String(repeating: sign, count: end - drawn)
      drawn = end
    }
    return bar
  }

  private static func counts(_ books: Books) -> String {
    let made = books.rows == books.emitted ? "" : " → \(books.rows)"
    return "\(books.emitted) of \(books.in)\(made)"
  }

  private static func cut(_ name: String) -> String {
    name.count <= nameWidth ? name : name.prefix(nameWidth - 1) + "…"
  }

  private static func padded(_ text: String, _ length: Int) -> String {
    text + String(repeating: " ", count: max(0, length - text.count))
  }
}
