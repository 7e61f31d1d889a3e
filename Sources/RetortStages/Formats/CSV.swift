internal import OrderedCollections
internal import RetortCore

/// Comma-separated values as RFC 4180 has them: a quoted field may hold anything, and a quotation mark in it is doubled.
struct CSV: Sendable {
  /// A byte of ASCII.
  let delimiter: UInt8
  /// Nil for UTF-8.
  var encoding: String?
  /// The columns of a file without a row that names them, or what replaces these names.
  var names: [String]?
  var hasHeader = true
  /// Whether an empty field without quotation marks is null, and not an empty text.
  var hasNulls = false
  /// Whether the delimiter is the default one, and the file may have been meant to have another.
  var isAssumed = false
  /// Tells whoever runs the pipeline what a dropped record alone would not show.
  var say: @Sendable (String) -> Void = { _ in }

  /// A broken record of more lines has most likely swallowed others.
  static let manyLines = 100

  /// The delimiter that a key names. Errors: ``StageError``.
  static func delimiter(_ word: String?) throws -> UInt8 {
    guard let word else { return UInt8(ascii: ",") }
    if word == "tab" { return UInt8(ascii: "\t") }
    guard let byte = word.utf8.first, word.utf8.count == 1, byte < 0x80, !"\"\r\n\0".utf8.contains(byte)
    else {
      throw StageError("delimiter: expected one character of ASCII, or 'tab', found '\(word)'")
    }
    return byte
  }

  static let delimiterHelp = "What stands between two fields: one character of ASCII, or tab; default `,`."
}

extension CSV: ScannedFormat {
  func read(_ file: DataFile, _ take: (FileRecord) async throws -> Void) async throws {
    var records = try CSVRecords(file, delimiter: delimiter, encoding: encoding)
    guard let names = try columns(of: file, &records) else { return }
    while let record = try records.next() {
      let lines = record.lastLine - record.line
      if let fault = record.fault, lines > Self.manyLines {
        say(
          "\(file.path), line \(record.line): \(fault.reason); one record of \(lines) lines is dropped")
      }
      try await take(made(of: record, names))
    }
  }

  func scan(_ file: DataFile, _ take: (FileRecord) throws -> Void) throws {
    var records = try CSVRecords(file, delimiter: delimiter, encoding: encoding)
    guard let names = try columns(of: file, &records) else { return }
    while let record = try records.next() { try take(made(of: record, names)) }
  }

  private func made(of record: CSVRecords.Record, _ names: [String]) -> FileRecord {
    let place = FileRecord.Place.line(record.line)
    if let fault = record.fault { return FileRecord(place, broken: fault) }
    guard record.count == names.count else {
      return FileRecord(
        place,
        broken: BadRow(
          "ragged row",
          "expected \(names.count) fields as there are columns, found \(record.count)\(hint(at: record))"))
    }
    let values = record.fields.map { field -> JSON in
      hasNulls && !field.isQuoted && field.text.isEmpty ? .null : .string(field.text)
    }
    return FileRecord(place, .object(JSON.Object(uniqueKeysWithValues: zip(names, values))))
  }

  /// The columns of a file, in its order; nil for a file that has nothing in it, not even their names. Errors:
  /// ``StageError``.
  func columns(of file: DataFile) throws -> [String]? {
    var records = try CSVRecords(file, delimiter: delimiter, encoding: encoding)
    return try columns(of: file, &records)
  }

  private func columns(of file: DataFile, _ records: inout CSVRecords) throws -> [String]? {
    guard hasHeader else { return names }
    guard let record = try records.next() else { return nil }
    let place = "\(file.path), line \(record.line)"
    if let fault = record.fault {
      throw StageError("\(place): expected the names of columns: \(fault.detail)")
    }
    let found = record.fields.map(\.text)
    if let names {
      guard names.count == record.count else {
        throw StageError(
          "columns: expected a name for each of the \(record.count) columns of '\(file.path)', found \(names.count)"
            + hint(at: record))
      }
      return names
    }
    if isAssumed, let other = otherDelimiter(in: record) {
      throw StageError(
        "\(place): expected the names of columns between commas, found one name, '\(found[0].prefix(200))', with "
          + "\(other.what) in it; write \(other.key) under 'with:', or delimiter: \",\" where that is the name"
      )
    }
    let remedy = "; 'columns:' with 'header: true' names them anew"
    if let empty = found.firstIndex(of: "") {
      throw StageError(
        "\(place): expected a name for each column, found none for column \(empty + 1)\(remedy)")
    }
    var seen: Set<String> = []
    if let twice = found.first(where: { !seen.insert($0).inserted }) {
      throw StageError("\(place): expected each name of a column once, found '\(twice)' again\(remedy)")
    }
    guard record.count == found.count else {
      throw StageError("\(place): expected at most \(CSVRecords.fieldLimit) columns, found \(record.count)")
    }
    return found
  }
}

/// A file with another delimiter is read as one column, and nothing else of it is wrong.
extension CSV {
  private typealias Other = (what: String, key: String)

  /// What stands between the fields of a record that is one field, if it is one of the usual delimiters.
  private func otherDelimiter(in record: CSVRecords.Record) -> Other? {
    guard record.count == 1, let field = record.fields.first, !field.isQuoted else { return nil }
    let others: [(byte: UInt8, other: Other)] = [
      (UInt8(ascii: ";"), ("semicolons", "delimiter: \";\"")),
      (UInt8(ascii: "\t"), ("tabs", "delimiter: tab")),
      (UInt8(ascii: "|"), ("bars", "delimiter: \"|\"")), (UInt8(ascii: ","), ("commas", "delimiter: \",\"")),
    ]
    return others.first { $0.byte != delimiter && field.text.utf8.contains($0.byte) }?.other
  }

  private func hint(at record: CSVRecords.Record) -> String {
    otherDelimiter(in: record).map { "; it has \($0.what): is it \($0.key)?" } ?? ""
  }
}

/// How CSV is written: with CRLF, and quotation marks where a field needs them. An empty field is null, and an empty text
/// is `""`; so is a null that is all of its row, since an empty line is no row.
extension CSV: RowLayout {
  var head: String { line((names ?? []).map { .string($0) }) }
  var between: String { "" }
  var foot: String { "" }

  func text(of row: JSON) throws -> String {
    for (name, value) in row.object ?? [:] where value.string?.utf8.contains(0) == true {
      throw BadRow("NUL in text", "expected text without NUL in '\(name)'")
    }
    return line((row.object ?? [:]).values)
  }

  private func line(_ values: some Collection<JSON>) -> String {
    if values.count == 1, values.first == .null { return "\"\"\r\n" }
    return values.map(field).joined(separator: String(UnicodeScalar(delimiter))) + "\r\n"
  }

  private func field(_ value: JSON) -> String {
    if value.isNull { return "" }
    let text = value.string ?? value.text
    let needsQuotes =
      text.isEmpty
      || text.utf8.contains {
        $0 == delimiter || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
      }
    return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}
