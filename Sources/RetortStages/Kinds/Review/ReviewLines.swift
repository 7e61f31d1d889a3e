internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// What came back from a person, by the rows' identifiers.
struct ReviewLines: Sendable {
  private var byRow: OrderedDictionary<String, [ReviewLine]> = [:]

  init() {}

  /// Adds a whole file; the delimiter of a CSV is the one that its first line shows. Errors: ``StageError``.
  mutating func read(_ file: DataFile, encoding: String?) async throws {
    guard try !ReviewSheet.isCSV(file.path) else { return try readCSV(file, encoding) }
    var lines = self
    try await JSONLines().read(file) { record in
      switch record.value {
      case .success(let json): try lines.add(json, at: "\(record.place)", of: file)
      case .failure(let bad): throw Self.fault(file, "\(record.place)", bad)
      }
    }
    self = lines
  }

  subscript(row: String) -> [ReviewLine] { byRow[row] ?? [] }

  private mutating func add(_ json: JSON, at place: String, of file: DataFile) throws {
    guard let cells = json.object else {
      throw StageError("\(file.path), \(place): expected an object, found \(json.kind)")
    }
    guard let row = cells[ReviewSheet.row]?.string?.trimmed, !row.isEmpty else {
      // What a spreadsheet leaves of deleted lines.
      if cells.values.allSatisfy({ $0.isNull || $0.string?.isBlank == true }) { return }
      throw StageError(
        "\(file.path), \(place): expected the row's name under '\(ReviewSheet.row)', as export-review wrote it, found none"
      )
    }
    byRow[row, default: []].append(ReviewLine(file: file.path, place: place, cells: cells))
  }

  private static func fault(_ file: DataFile, _ place: String, _ bad: BadRow) -> StageError {
    StageError("\(file.path), \(place): \(bad.reason): \(bad.detail)")
  }

  // MARK: CSV

  /// A line may have fewer fields than there are columns, since a spreadsheet leaves empty ones at the end out.
  private mutating func readCSV(_ file: DataFile, _ encoding: String?) throws {
    var (names, records) = try Self.opened(file, encoding)
    while let record = try records.next() {
      let place = "line \(record.line)"
      if let bad = record.fault { throw Self.fault(file, place, bad) }
      let fields = record.fields.map(\.text)
      guard fields.dropFirst(names.count).allSatisfy(\.isBlank) else {
        throw StageError(
          "\(file.path), \(place): expected at most \(names.count) fields as there are columns, found \(record.count)"
        )
      }
      let cells = JSON.Object(zip(names, fields.map { .string($0) })) { first, _ in first }
      try add(.object(cells), at: place, of: file)
    }
  }

  /// The columns of a CSV and what is behind them, cut at the first delimiter that makes columns of a review.
  private static func opened(_ file: DataFile, _ encoding: String?) throws -> ([String], CSVRecords) {
    var first: [String] = []
    for delimiter in [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")] {
      var records = try CSVRecords(file, delimiter: delimiter, encoding: encoding)
      guard let record = try records.next() else {
        throw StageError("\(file.path): expected lines as export-review writes them, found an empty file")
      }
      let names = record.fields.map { $0.text.trimmed }
      if record.fault == nil, names.contains(ReviewSheet.row), names.contains(ReviewSheet.said[0]) {
        let twice = names.indices.first { !names[$0].isEmpty && names[..<$0].contains(names[$0]) }
        guard let twice else { return (names, records) }
        throw StageError("\(file.path), line 1: expected each column once, found '\(names[twice])' twice")
      }
      if first.isEmpty { first = names }
    }
    throw StageError(
      "\(file.path), line 1: expected the columns '\(ReviewSheet.row)' and '\(ReviewSheet.said[0])' with commas, semicolons "
        + "or tabs between the columns, found \(String(first.joined(separator: ", ").prefix(200)))")
  }

  // MARK: Strangers

  /// What is to be said of lines whose row was not exported; nil where all were, and where that cannot be told.
  func strangers(to exported: RowSet<Columns>, in workspace: Workspace) async -> String? {
    guard let known = try? await Self.rows(of: exported, in: workspace) else { return nil }
    let others = byRow.filter { !known.contains($0.key) }
    guard let first = others.elements.first, let line = first.value.first else { return nil }
    let count = others.count == 1 ? "1 row" : "\(others.count) rows"
    return "the reviewed file has lines for \(count) that the export does not have, which are passed over: "
      + "'\(first.key.prefix(100))' in \(line.place)\(others.count > 1 ? " is the first" : "")"
  }

  private static func rows(of exported: RowSet<Columns>, in workspace: Workspace) async throws -> Set<String>
  {
    var rows: Set<String> = []
    for try await element in exported {
      // Else it is the manifest of an export without rows.
      guard let path = element.value["path"]?.string, (try? ReviewSheet.isCSV(path)) != nil else { continue }
      var lines = ReviewLines()
      try await lines.read(try DataFile(path, in: workspace.folder), encoding: nil)
      rows.formUnion(lines.byRow.keys)
    }
    return rows
  }
}

/// What a person said of a row, and where.
struct ReviewLine: Sendable {
  let file: String
  /// `line 7`.
  let place: String
  private let cells: JSON.Object

  init(file: String, place: String, cells: JSON.Object) {
    self.file = file
    self.place = place
    self.cells = cells
  }

  /// Nil for a column that the file does not have.
  subscript(column: String) -> ReviewCell? { cells[column].map(ReviewCell.init) }

  /// What is written in a column; nil for nothing.
  func text(_ column: String) -> String? {
    guard let cell = cells[column], !cell.isNull else { return nil }
    let text = (cell.string ?? cell.text).trimmed
    return text.isEmpty ? nil : text
  }
}

/// A value of a row as it came back: of JSON as what it is, of CSV as a text.
struct ReviewCell: Sendable {
  private let json: JSON

  init(_ json: JSON) { self.json = json }

  /// Whether it is what was written for the value. Line ends may have become others, nothing may have become an empty
  /// text, and numbers and flags may be spelled otherwise.
  func says(_ old: JSON) -> Bool {
    if json.canonical == old.canonical { return true }
    switch (json, old) {
    case (.string(let new), .string(let old)):
      return Self.lines(new) == Self.lines(old) || new.isBlank && old.isBlank
    case (.string(let new), .null): return new.isBlank
    case (.null, .string(let old)): return old.isBlank
    default:
      guard let new = value(like: old) else { return false }
      if let left = new.number, let right = old.number { return left == right }
      return new.canonical == old.canonical
    }
  }

  /// The value as one of the kind that the column had; nil where it is none. What was nothing becomes a text.
  func value(like old: JSON) -> JSON? {
    guard let text = json.string else {
      return old.isNull || old.kind == json.kind ? json : Self.number(json, old)
    }
    switch old {
    case .null, .string: return .string(Self.lines(text))
    case .bool: return filled(.boolean)
    case .int, .double: return filled(.number)
    case .array, .object:
      guard let new = try? JSON(parsing: text), new.kind == old.kind else { return nil }
      return new
    }
  }

  private static func number(_ new: JSON, _ old: JSON) -> JSON? {
    guard new.number != nil, old.number != nil else { return nil }
    return new
  }

  private func filled(_ type: CellType) -> JSON? {
    guard let value = type.cast(json), !value.isNull else { return nil }
    return value
  }

  private static func lines(_ text: String) -> String {
    text.contains("\r") || text.contains("\r\n")
      ? text.replacing("\r\n", with: "\n").replacing("\r", with: "\n") : text
  }

  /// Short enough for a message.
  var excerpt: String { json.isNull ? "nothing" : "'\(Self.short(json))'" }

  static func short(_ value: JSON) -> String {
    let text = value.string ?? value.text
    return text.count <= 80 ? text : text.prefix(79) + "…"
  }
}
