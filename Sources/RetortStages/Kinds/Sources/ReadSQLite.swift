internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Reads the rows of a query of a SQLite database, one at a time.
package struct ReadSQLite: RecordReader {
  package struct Config: Codable, Sendable {
    package let file: DataFile
    package let query: String
    package let defaults: Columns?
    package let types: [String: CellType]?
    package let images: [String]?

    package init(
      file: DataFile, query: String, defaults: Columns? = nil, types: [String: CellType]? = nil,
      images: [String]? = nil
    ) {
      self.images = images
      self.file = file
      self.query = query
      self.defaults = defaults
      self.types = types
    }
  }

  package static let name = "read-sqlite"
  package static let version = 1
  package static let summary = "Read rows from a SQLite database by a query."
  package static let keys = [
    "file": "The database, relative to the pipeline file. It is only read, and nothing is made beside it.",
    "query":
      "A query in SQL that gives rows, in the order of its ORDER BY; without one, in whatever order SQLite finds them.",
    "images": ReadImages.helpInside,
  ].merging(CellRules.keys) { own, _ in own }
  package static let laterKeys: Set = ["images"]

  package let source: RecordSource
  package let adds: [String]?

  package init(_ config: Config, in workspace: Workspace) throws {
    let images = try ReadImages(config.images, at: .inside, in: workspace)
    let rows = QueryRows(
      query: config.query, images: Set(config.images ?? []), databases: workspace.databases)
    let columns = try rows.columns(in: config.file)
    let rules = try CellRules(defaults: config.defaults, types: config.types, known: columns)
    source = RecordSource(files: [config.file], format: rows, rules: rules, images: images)
    adds = columns
  }
}

/// The rows of a query as records.
private struct QueryRows: RecordFormat {
  let query: String
  /// Columns whose bytes are images.
  let images: Set<String>
  let databases: any DatabaseReading

  /// Errors: ``StageError`` for columns that no row can have.
  func columns(in file: DataFile) throws -> [String] {
    let names = try databases.columns(of: query, in: file.url)
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw StageError(
        "query: expected each name of a column once, found '\(twice)' again; name them with AS")
    }
    return names
  }

  func read(_ file: DataFile, _ take: (FileRecord) async throws -> Void) async throws {
    let names = try columns(in: file)
    var number = 0
    try await databases.read(query, in: file.url) { row in
      number += 1
      try await take(record(.row(number), names, row))
    }
    // What was read is what the step is known by.
    let whole = try DataFileReading(file)
    while try !whole.read().isEmpty {}
  }

  private func record(_ place: FileRecord.Place, _ names: [String], _ row: [DatabaseCell]) -> FileRecord {
    var cells: JSON.Object = [:]
    for (name, cell) in zip(names, row) {
      switch cell {
      case .value(let value): cells[name] = value
      case .bytes(let bytes) where images.contains(name): cells[name] = .string(bytes.base64EncodedString())
      case .bytes(let bytes):
        return FileRecord(
          place,
          broken: BadRow(
            "blob", "expected text or a number in '\(name)', found \(bytes.count) bytes; take it as hex(…)"))
      case .infinite:
        return FileRecord(
          place, broken: BadRow("no number", "expected a number in '\(name)', found an infinity"))
      case .notUTF8:
        return FileRecord(place, broken: BadRow("invalid UTF-8", "expected UTF-8 text in '\(name)'"))
      }
    }
    return FileRecord(place, .object(cells))
  }
}
