internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// A JSON document that is a list, or an object that holds one list. It is parsed whole.
struct JSONList: RecordFormat {
  /// Bytes.
  static let limit = 256 << 20

  func read(_ file: DataFile, _ take: (FileRecord) async throws -> Void) async throws {
    for (number, record) in try Self.list(of: file).enumerated() {
      try await take(FileRecord(.record(number), record))
    }
  }

  fileprivate static func list(of file: DataFile) throws -> [JSON] {
    let path = file.path
    guard var data = try file.contents(limit: limit) else {
      throw StageError("expected at most \(limit) bytes in '\(path)'; use read-jsonl for more")
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

extension JSONList: ScannedFormat {
  func scan(_ file: DataFile, _ take: (FileRecord) throws -> Void) throws {
    for (number, record) in try Self.list(of: file).enumerated() {
      try take(FileRecord(.record(number), record))
    }
  }
}

extension JSONList: RowLayout {
  var head: String { "[\n" }
  var between: String { ",\n" }
  var foot: String { "\n]\n" }

  func text(of row: JSON) -> String { row.text }
}
