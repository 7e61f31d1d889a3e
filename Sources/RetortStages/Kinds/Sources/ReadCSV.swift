package import RetortCore

/// Reads files of comma-separated values, as RFC 4180 has them, a chunk at a time.
package struct ReadCSV: RecordReader {
  package struct Config: Codable, Sendable {
    package let file: DataFiles
    package let delimiter: String?
    package let header: Bool?
    package let columns: [String]?
    package let nulls: Bool?
    package let encoding: String?
    package let defaults: Columns?
    package let types: [String: CellType]?
    package let images: [String]?
    /// Of the images that the files name: part of the key, and no key of a file.
    private(set) var imageContent: Digest?

    private enum CodingKeys: String, CodingKey {
      case file, delimiter, header, columns, nulls, encoding, defaults, types, images
    }

    package init(
      file: DataFiles, delimiter: String? = nil, header: Bool? = nil, columns: [String]? = nil,
      nulls: Bool? = nil, encoding: String? = nil, defaults: Columns? = nil,
      types: [String: CellType]? = nil, images: [String]? = nil
    ) {
      self.images = images
      self.file = file
      self.delimiter = delimiter
      self.header = header
      self.columns = columns
      self.nulls = nulls
      self.encoding = encoding
      self.defaults = defaults
      self.types = types
    }

    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(file, forKey: .file)
      try fields.encodeIfPresent(delimiter, forKey: .delimiter)
      try fields.encodeIfPresent(header, forKey: .header)
      try fields.encodeIfPresent(columns, forKey: .columns)
      try fields.encodeIfPresent(nulls, forKey: .nulls)
      try fields.encodeIfPresent(encoding, forKey: .encoding)
      try fields.encodeIfPresent(defaults, forKey: .defaults)
      try fields.encodeIfPresent(types, forKey: .types)
      try fields.encodeIfPresent(images, forKey: .images)
      try ReadImages.encode(imageContent, to: encoder)
    }

    /// Errors: ``StageError`` for a delimiter that is none.
    fileprivate func format(_ say: @escaping @Sendable (String) -> Void = { _ in }) throws -> CSV {
      CSV(
        delimiter: try CSV.delimiter(delimiter), encoding: encoding, names: columns,
        hasHeader: header ?? (columns == nil), hasNulls: nulls ?? false, isAssumed: delimiter == nil, say: say
      )
    }

    /// With the content of the images that its files name.
    fileprivate func looking() -> Config {
      guard let images, let format = try? format() else { return self }
      var config = self
      config.imageContent = ReadImages.content(of: images, in: file.files, format)
      return config
    }
  }

  package static let name = "read-csv"
  package static let version = 1
  package static let summary =
    "Read rows from files of comma-separated values (RFC 4180); every value is a text."
  package static let keys = [
    "file":
      "The file, \(FileKey.help)Of several files each has the same columns, in any order. A row may have up to 16 MB.",
    "delimiter": CSV.delimiterHelp,
    "header": "Whether the first row names the columns; default true, and false where `columns` names them.",
    "columns":
      "The names of the columns, in the order of the fields; with `header: true` in place of the names there.",
    "nulls":
      "Whether an empty field without quotation marks is null; default false: an empty text, as one with them is.",
    "encoding": "What the text is written in: \(TextDecoder.help); default utf-8.",
    "images": ReadImages.help,
  ].merging(CellRules.keys) { own, _ in own }
  package static let laterKeys: Set = ["images"]

  package static func resolved(_ config: Config) -> Config { config.looking() }

  package let source: RecordSource
  package let adds: [String]?

  package init(_ config: Config, in workspace: Workspace) throws {
    let csv = try config.format(workspace.say)
    try Self.check(config, csv)
    let columns = try Self.columns(of: config.file.files, csv)
    let rules = try CellRules(defaults: config.defaults, types: config.types, known: columns)
    var source = RecordSource(files: config.file.files, format: csv, rules: rules)
    try source.take(config.images, content: config.imageContent, of: csv, in: workspace)
    self.source = source
    adds = columns
  }

  private static func check(_ config: Config, _ csv: CSV) throws {
    if let encoding = config.encoding { _ = try TextDecoder(encoding) }
    guard let names = csv.names else {
      if csv.hasHeader { return }
      throw StageError("columns: expected the names of the columns with 'header: false', found none")
    }
    if let name = names.first(where: \.isEmpty)
      ?? names.first(where: { name in names.count { $0 == name } > 1 })
    {
      throw StageError("columns: expected a name for each column, each once, found '\(name)'")
    }
    if names.isEmpty { throw StageError("columns: expected at least one name, found none") }
  }

  /// The columns that all files have, in the first one's order; nil where no file has any. Errors: ``StageError`` for a
  /// file with others.
  private static func columns(of files: [DataFile], _ csv: CSV) throws -> [String]? {
    var first: (file: DataFile, names: [String])?
    for file in files {
      guard let names = try csv.columns(of: file) else { continue }
      guard let (earlier, expected) = first else {
        first = (file, names)
        continue
      }
      guard Set(names) == Set(expected) else {
        throw StageError(
          "file: expected the columns of '\(earlier.path)' (\(expected.joined(separator: ", "))) in '\(file.path)', found "
            + names.joined(separator: ", "))
      }
    }
    return first?.names
  }
}
