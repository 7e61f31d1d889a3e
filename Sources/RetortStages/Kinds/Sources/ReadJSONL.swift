package import RetortCore

/// Reads a file of JSON objects, one a line, a chunk at a time.
///
/// A line that is no object is rejected with its number and the others go on; empty lines are skipped.
package struct ReadJSONL: Reader {
  package struct Config: Codable, Sendable {
    package let file: DataFile
    package let columns: [String]?

    package init(file: DataFile, columns: [String]? = nil) {
      self.file = file
      self.columns = columns
    }
  }

  package typealias Output = Columns

  package static let name = "read-jsonl"
  package static let version = 1
  package static let summary = "Read rows from a file with one JSON object a line."
  package static let keys = [
    "file": "The file, relative to the pipeline file. A line may have up to 16 MB.",
    "columns": "Columns that every row must have; a row that lacks one is dropped. Default: not checked.",
  ]
  package static let plots = PlottedColumns.speakingOfRewards

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws { self.config = config }

  package var adds: [String]? { config.columns }

  package func read(into sink: ReaderSink<Columns>) async throws {
    var lines = try LineReader(config.file)
    while let line = try lines.next() {
      if let record = record(line) { try await record.send(to: sink) }
    }
  }

  private func record(_ line: LineReader.Line) -> JSONRecord? {
    let place = "line \(line.number)"
    switch line.text {
    case .tooLong(let bytes):
      return .broken(
        reason: "line too long", detail: "\(place): \(bytes) bytes, expected at most \(LineReader.limit)")
    case .invalidUTF8:
      return .broken(reason: "invalid UTF-8", detail: "\(place): expected UTF-8 text")
    case .text(let text):
      if text.allSatisfy(\.isWhitespace) { return nil }
      do throws(JSONError) {
        return JSONRecord(try JSON(parsing: text), place: place, required: config.columns ?? [])
      } catch {
        let hint =
          text.trimmed.hasPrefix("[") ? "; a file that is one JSON list is read by read-json" : ""
        return .broken(
          reason: "broken line", detail: "\(place), column \(error.column): \(error.message)\(hint)")
      }
    }
  }
}
