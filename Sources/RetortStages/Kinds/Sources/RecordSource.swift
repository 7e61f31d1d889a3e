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
  var images: ReadImages?
  /// The content of the images now; by default what the step is known by.
  var imageContent: (@Sendable () -> Digest)?

  /// Reads the images that some columns name. Errors: ``StageError``.
  ///
  /// - Parameter content: as the step is known by it.
  mutating func take(
    _ columns: [String]?, content: Digest?, of format: some ScannedFormat, in workspace: Workspace
  ) throws {
    images = try ReadImages(columns, content: content, in: workspace)
    guard let columns else { return }
    imageContent = { [files] in ReadImages.content(of: columns, in: files, format) }
  }

  func read(into sink: ReaderSink<Columns>) async throws {
    for file in files {
      try await format.read(file) { record in
        switch try await BadRow.result({ try await whole(record, in: file) }) {
        case .success(let row): try await sink.make(row)
        case .failure(let bad):
          try await sink.reject(
            reason: bad.reason, detail: "\(file.path), \(record.place): \(bad.detail)")
        }
      }
    }
    guard let images, let imageContent, imageContent() != images.content else { return }
    throw StageError(
      "images: expected the images as they were when the run began, found them changed; run again, under their new content"
    )
  }

  private func whole(_ record: FileRecord, in file: DataFile) async throws -> Columns {
    let row = try row(of: record, in: file)
    guard let images else { return row }
    return Columns(try await images.taken(row.values, in: file))
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
  package let images: [String]?
  /// Of the images that the files name: part of the key, and no key of a file.
  private(set) var imageContent: Digest?

  private enum CodingKeys: String, CodingKey { case file, columns, defaults, types, images }

  package init(
    file: DataFile, columns: [String]? = nil, defaults: Columns? = nil, types: [String: CellType]? = nil,
    images: [String]? = nil
  ) {
    self.file = DataFiles(file)
    self.images = images
    self.columns = columns
    self.defaults = defaults
    self.types = types
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(file, forKey: .file)
    try fields.encodeIfPresent(columns, forKey: .columns)
    try fields.encodeIfPresent(defaults, forKey: .defaults)
    try fields.encodeIfPresent(types, forKey: .types)
    try fields.encodeIfPresent(images, forKey: .images)
    try ReadImages.encode(imageContent, to: encoder)
  }

  /// With the content of the images that its files name.
  func looking(with format: some ScannedFormat) -> RecordConfig {
    var config = self
    config.imageContent = images.map { ReadImages.content(of: $0, in: file.files, format) }
    return config
  }

  static let keys = [
    "images": ReadImages.help,
    "columns": "Columns that every row must have; a row that lacks one is dropped. Default: not checked.",
  ].merging(CellRules.keys) { own, _ in own }

  static let laterKeys = CellRules.laterKeys.union(["images"])

  /// Errors: ``StageError``.
  func source(_ format: some ScannedFormat, in workspace: Workspace) throws -> RecordSource {
    var source = RecordSource(
      files: file.files, format: format, rules: try CellRules(defaults: defaults, types: types),
      required: columns ?? [])
    try source.take(images, content: imageContent, of: format, in: workspace)
    return source
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
