internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Reads a JSON file that is a list of objects, or an object that holds one list.
///
/// The file is parsed whole: for more than ``limit`` bytes use `read-jsonl`.
package struct ReadJSON: Reader {
  package typealias Config = RecordConfig
  package typealias Output = Columns

  package static let name = "read-json"
  package static let version = 1
  package static let summary = "Read rows from a JSON file: a list of objects, or an object with one list."
  package static let keys = [
    "file": "The file, relative to the pipeline file; at most 256 MB (use read-jsonl for more)."
  ].merging(RecordConfig.keys) { own, _ in own }
  package static let laterKeys = CellRules.laterKeys
  package static let plots = PlottedColumns.speakingOfRewards
  /// Bytes.
  static let limit = 256 << 20

  private let config: Config
  private let rules: CellRules

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    rules = try CellRules(defaults: config.defaults, types: config.types)
  }

  package var adds: [String]? { config.certain(rules) }
  package var addsMore: Bool { true }

  package func read(into sink: ReaderSink<Columns>) async throws {
    for (index, record) in try records().enumerated() {
      try await JSONRecord(record, place: "record \(index)", config, rules).send(to: sink)
    }
  }

  private func records() throws -> [JSON] {
    let path = config.file.path
    guard var data = try config.file.contents(limit: Self.limit) else {
      throw StageError("expected at most \(Self.limit) bytes in '\(path)'; use read-jsonl for more")
    }
    if data.starts(with: [0xEF, 0xBB, 0xBF]) { data = data.dropFirst(3) }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw StageError("expected UTF-8 text in '\(path)'")
    }
    let json: JSON
    do { json = try JSON(parsing: text) } catch { throw StageError("'\(path)' is not JSON: \(error)") }
    if let list = json.array { return list }
    let lists = (json.object ?? [:]).values.compactMap(\.array)
    guard lists.count == 1, let list = lists.first else {
      throw StageError(
        "expected a list, or an object with one list, in '\(path)'; found \(json.kind)"
          + (json.object == nil ? "" : " with \(lists.count) lists"))
    }
    return list
  }
}
