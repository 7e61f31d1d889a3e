internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Rows, and what ended, as text: a line of names, how it ended, then a column a line.
///
/// On a screen long values are broken into lines and cut after some of them; elsewhere they are whole.
enum ShowPage {
  /// Lines of a value that a screen shows.
  static let linesOfValue = 6

  /// A row of a stage.
  static func lines(id: String, source: String, _ columns: JSON.Object, screen: Int?) -> [String] {
    ["\(id)  \(source)"] + fields(columns, screen: screen)
  }

  /// A row by its name.
  static func lines(_ row: FoundRow, screen: Int?) -> [String] {
    let sources = OrderedSet(row.places.map(\.source)).joined(separator: ", ")
    let stages = OrderedSet(row.places.map(\.stage)).joined(separator: ", ")
    let place = row.run.map { "\(sources)  run \($0): \(stages)" } ?? "in no run that is kept"
    let ends = OrderedSet(
      row.ends.map { end in
        let words = end.outcome == "failed" ? "failed at" : "dropped by"
        return "\(words) \(end.stage): \(end.reason)\(calls(end.calls))"
      })
    return said(["\(row.id)  \(place)"] + ends, screen: screen) + fields(row.columns, screen: screen)
  }

  /// What was dropped or failed.
  static func lines(_ ended: EndedRow, failed: Bool, screen: Int?) -> [String] {
    let names = [ended.id, ended.source].compactMap { $0 }.joined(separator: "  ")
    let what =
      if failed {
        ended.id == nil ? "failed at \(ended.stage) as a whole" : "failed at \(ended.stage)"
      } else if let sample = ended.sample {
        "sample \(sample) left out by \(ended.stage)"
      } else {
        "dropped by \(ended.stage)"
      }
    // A failure's message often begins with its kind.
    let reason = failed && ended.detail.hasPrefix(ended.reason) ? "" : ended.reason
    let why = [reason, ended.detail].filter { !$0.isEmpty }.joined(separator: ": ")
    return said(
      (names.isEmpty ? [] : [names]) + ["\(what): \(why)\(calls(ended.calls))"], screen: screen)
      + fields(ended.columns ?? [:], screen: screen)
  }

  static func calls(_ ids: [Int64]) -> String {
    guard !ids.isEmpty else { return "" }
    let more = ids.count > 5 ? " and \(ids.count - 5) more" : ""
    return "; calls " + ids.prefix(5).map { "c_\($0)" }.joined(separator: ", ") + more
  }

  static func fields(_ columns: JSON.Object, screen: Int?) -> [String] {
    columns.flatMap { name, value in field(name, ImageWords.text(value), screen: screen) }
  }

  /// `name: value`, what does not fit into the first line below it.
  static func field(_ name: String, _ value: String, screen: Int?) -> [String] {
    guard let screen else { return [Terminal.harmless("  \(name): \(value)")] }
    let head = "  \(Terminal.cut(Terminal.safe(String(name.prefix(200))), to: screen / 2)): "
    return folded(
      value, head: head, indented: 4, width: screen - 4, first: screen - DisplayWidth.of(head),
      limit: linesOfValue)
  }

  /// A text as a screen shows it. Two lines more than the limit are shown rather than left out.
  static func folded(
    _ text: String, head: String = "", indented: Int, width: Int, first: Int? = nil, limit: Int?
  ) -> [String] {
    let text = Terminal.harmless(text).trimmingSuffix(while: \.isNewline)
    let indentation = String(repeating: " ", count: indented)
    var layout = TextLayout(text, width: width, first: first, limit: limit.map { $0 + 2 })
    if layout.rest > 0 { layout = TextLayout(text, width: width, first: first, limit: limit) }
    let lines = layout.lines.enumerated().map { number, line in
      (number == 0 && first != nil ? head : line.isEmpty ? "" : indentation) + line
    }
    return lines + (layout.rest > 0 ? ["\(indentation)… \(layout.rest) characters more: --full"] : [])
  }

  /// Lines that are no column, each broken where it does not fit, and cut.
  static func said(_ lines: [String], screen: Int?) -> [String] {
    lines.flatMap { broken(Terminal.safe($0), indented: 2, screen: screen, limit: linesOfValue) }
  }

  /// A line, broken where it does not fit; all but the first are indented.
  static func broken(_ line: String, indented: Int, screen: Int?, limit: Int? = nil) -> [String] {
    guard let screen else { return [line] }
    return folded(line, indented: indented, width: screen - indented, first: screen, limit: limit)
  }
}

extension String {
  fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> String {
    guard let last = lastIndex(where: { !matches($0) }) else { return "" }
    return String(self[...last])
  }
}
