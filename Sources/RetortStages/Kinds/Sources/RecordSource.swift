internal import OrderedCollections
package import RetortCore

/// A reader of files of records.
package protocol RecordReader: Reader where Output == Columns {
  var source: RecordSource { get }
}

extension RecordReader {
  package static var plots: PlottedColumns { .speakingOfRewards }
  package func read(into sink: ReaderSink<Columns>) async throws { try await source.read(into: sink) }
}

/// Makes rows of the records of files: which of them are rows, what their cells are read as, and where each stands.
package struct RecordSource: Sendable {
  let files: [DataFile]
  let format: any RecordFormat
  let rules: CellRules
  /// What every row must have.
  var required: [String] = []

  func read(into sink: ReaderSink<Columns>) async throws {
    for file in files {
      try await format.read(file) { record in
        let row: Columns
        do throws(BadRow) { row = try self.row(of: record, in: file) } catch {
          return try await sink.reject(
            reason: error.reason, detail: "\(file.path), \(record.place): \(error.detail)")
        }
        try await sink.make(row)
      }
    }
  }

  private func row(of record: FileRecord, in file: DataFile) throws(BadRow) -> Columns {
    let value = try record.value.get()
    guard let cells = value.object else {
      throw BadRow("not an object", "expected an object, found \(value.kind)")
    }
    // SQL cannot name such a column.
    if let name = cells.keys.first(where: { $0.utf8.contains(0) }) {
      throw BadRow(
        "bad column name",
        "expected names of columns without NUL, found \(JSON.string(name).text.prefix(200))")
    }
    let object = try rules.apply(to: cells)
    let missing = required.filter { object[$0] == nil }
    guard missing.isEmpty else {
      let names = missing.map { "'\($0)'" }.joined(separator: ", ")
      throw BadRow("missing column", "no \(names); found \(object.keys.joined(separator: ", "))")
    }
    return Columns(object)
  }
}

/// The keys of readers of records that name their own columns.
package struct RecordConfig: Codable, Sendable {
  package let file: DataFiles
  package let columns: [String]?
  package let defaults: Columns?
  package let types: [String: CellType]?

  package init(
    file: DataFile, columns: [String]? = nil, defaults: Columns? = nil, types: [String: CellType]? = nil
  ) {
    self.file = DataFiles(file)
    self.columns = columns
    self.defaults = defaults
    self.types = types
  }

  static let keys = [
    "columns": "Columns that every row must have; a row that lacks one is dropped. Default: not checked."
  ].merging(CellRules.keys) { own, _ in own }

  func source(_ format: any RecordFormat) throws -> RecordSource {
    RecordSource(
      files: file.files, format: format, rules: try CellRules(defaults: defaults, types: types),
      required: columns ?? [])
  }

  /// What every row has, as far as the file says; nil for nothing.
  func certain(_ rules: CellRules) -> [String]? {
    columns.map { columns in columns + rules.certain.filter { !columns.contains($0) } }
  }
}

/// What the key `file` takes.
enum FileKey {
  static let help =
    "relative to the pipeline file; a path with wildcards (`data/*.jsonl`, `data/**/*.jsonl`; sorted by their bytes), or a "
    + "list of paths, reads several. "
}
