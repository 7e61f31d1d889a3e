package import RetortCore

/// Reads a file of JSON objects, one a line, a chunk at a time.
///
/// A line that is no object is rejected with its number and the others go on; empty lines are skipped.
package struct ReadJSONL: Reader {
  package typealias Config = RecordConfig
  package typealias Output = Columns

  package static let name = "read-jsonl"
  package static let version = 1
  package static let summary = "Read rows from a file with one JSON object a line."
  package static let keys = [
    "file": "The file, relative to the pipeline file. A line may have up to 16 MB."
  ].merging(RecordConfig.keys) { own, _ in own }
  package static let laterKeys = CellRules.laterKeys
  package static let plots = PlottedColumns.speakingOfRewards

  private let config: Config
  private let rules: CellRules

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    rules = try CellRules(defaults: config.defaults, types: config.types)
  }

  package var adds: [String]? { config.certain(rules) }
  package var addsMore: Bool { true }

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
        return JSONRecord(try JSON(parsing: text), place: place, config, rules)
      } catch {
        let hint =
          text.trimmed.hasPrefix("[") ? "; a file that is one JSON list is read by read-json" : ""
        return .broken(
          reason: "broken line", detail: "\(place), column \(error.column): \(error.message)\(hint)")
      }
    }
  }
}
