internal import OrderedCollections
package import RetortCore

extension Count {
  package static func drawing(_ config: JSON) -> Drawing? {
    let by = config["by"]?.array?.compactMap(\.string) ?? []
    switch by.count {
    case 1:
      return Drawing(by + ["count"]) { rows in
        [Picture("Rows by \(by[0])", .bars(bars(rows, by[0]), x: "rows"))]
      }
    case 2:
      return Drawing(by + ["count"]) { rows in
        [Picture("Rows by \(by[0]) and \(by[1])", table(rows, by[0], by[1]))]
      }
    default: return nil
    }
  }

  private static func bars(_ rows: [Columns], _ column: String) -> [Picture.Bar] {
    let counts = counts(rows, by: [column])
    return ordered(rows.map { word($0[column]) }).map { Picture.Bar($0, counts[[$0]] ?? 0) }
  }

  /// Rows by the words of some columns: of a report's sample, in which several rows may have the same.
  private static func counts(_ rows: [Columns], by columns: [String]) -> [[String]: Double] {
    rows.reduce(into: [:]) { counts, row in
      counts[columns.map { word(row[$0]) }, default: 0] += row.drawn("count") ?? 0
    }
  }

  /// A line for each value of the first column, a column for each of the second.
  private static func table(_ rows: [Columns], _ line: String, _ across: String) -> Picture.Form {
    let (lines, columns) = (ordered(rows.map { word($0[line]) }), ordered(rows.map { word($0[across]) }))
    let counts = counts(rows, by: [line, across])
    return .table(
      ["\(line) \\ \(across)"] + columns + ["all"],
      lines.map { line in
        let cells = columns.map { counts[[line, $0]] ?? 0 }
        return [line] + (cells + [cells.reduce(0, +)]).map(Figure.short)
      })
  }

  private static func word(_ value: JSON?) -> String {
    guard let value, value != .null else { return "null" }
    return value.string ?? value.text
  }

  /// Each once: numbers by their size, others in the order in which they came.
  private static func ordered(_ words: [String]) -> [String] {
    let words = Array(OrderedSet(words))
    let numbers = words.compactMap(Double.init)
    guard numbers.count == words.count else { return words }
    return zip(numbers, words).sorted { $0.0 < $1.0 }.map(\.1)
  }
}
