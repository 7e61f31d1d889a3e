internal import RetortCore

/// JSON Lines: a value a line. Empty lines are skipped.
struct JSONLines: RecordFormat {
  func read(_ file: DataFile, _ take: (FileRecord) async throws -> Void) async throws {
    var lines = try LineReader(file)
    while let line = try lines.next() {
      if let record = Self.record(line) { try await take(record) }
    }
  }

  fileprivate static func record(_ line: LineReader.Line) -> FileRecord? {
    func broken(_ reason: String, _ detail: String, column: Int? = nil) -> FileRecord {
      FileRecord(.line(line.number, column: column), broken: BadRow(reason, detail))
    }
    switch line.text {
    case .tooLong(let bytes):
      return broken("line too long", "\(bytes) bytes, expected at most \(LineReader.limit)")
    case .invalidUTF8: return broken("invalid UTF-8", "expected UTF-8 text")
    case .text(let text):
      if text.allSatisfy(\.isWhitespace) { return nil }
      do throws(JSONError) { return FileRecord(.line(line.number), try JSON(parsing: text)) } catch {
        let hint =
          text.trimmed.hasPrefix("[") ? "; a file that is one JSON list is read by read-json" : ""
        return broken("broken line", "\(error.message)\(hint)", column: error.column)
      }
    }
  }
}

extension JSONLines: ScannedFormat {
  func scan(_ file: DataFile, _ take: (FileRecord) throws -> Void) throws {
    var lines = try LineReader(file)
    while let line = try lines.next() {
      if let record = Self.record(line) { try take(record) }
    }
  }
}

extension JSONLines: RowLayout {
  var head: String { "" }
  var between: String { "" }
  var foot: String { "" }

  func text(of row: JSON) -> String { row.text + "\n" }
}
