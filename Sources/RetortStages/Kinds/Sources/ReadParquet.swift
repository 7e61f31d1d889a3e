internal import Foundation
package import RetortCore

/// Reads the rows of Parquet files, of this machine or of a dataset of a hub, with DuckDB in a process of its own.
package struct ReadParquet: RecordReader {
  package struct Config: Codable, Sendable {
    package let file: ParquetFiles
    package let columns: [String]?
    package let defaults: Columns?
    package let types: [String: CellType]?
    package let images: [String]?

    package init(
      file: ParquetFiles, columns: [String]? = nil, defaults: Columns? = nil,
      types: [String: CellType]? = nil, images: [String]? = nil
    ) {
      self.images = images
      self.file = file
      self.columns = columns
      self.defaults = defaults
      self.types = types
    }
  }

  package static let name = "read-parquet"
  package static let version = 1
  /// It starts a helper, and may fetch files: a plan does neither.
  package static let isForeseeable = false
  package static let summary =
    "Read rows from Parquet files, here or of a dataset of Hugging Face; lists and structs become JSON."
  package static let keys = [
    "file":
      "The file, \(FileKey.help)Or files of a dataset at a revision: hf://datasets/ORG/NAME@REVISION/data/*.parquet.",
    "columns": "The columns to read, which every file must have; all when left out.",
    "images": ReadImages.helpInside,
  ].merging(CellRules.keys) { own, _ in own }
  package static let laterKeys: Set = ["images"]

  package let source: RecordSource
  package let adds: [String]?

  package init(_ config: Config, in workspace: Workspace) throws {
    let rules = try CellRules(defaults: config.defaults, types: config.types)
    if config.columns?.isEmpty == true {
      throw StageError("columns: expected at least one column, found none; leave it out to read all")
    }
    let rows = ParquetRows(workspace: workspace, columns: config.columns)
    source = RecordSource(
      files: config.file.files.files, format: rows, rules: rules,
      images: try ReadImages(config.images, at: .inside, in: workspace))
    adds = config.columns.map { columns in columns + rules.certain.filter { !columns.contains($0) } }
  }
}

/// What `file` of `read-parquet` names: files of this machine, or those of a dataset.
package struct ParquetFiles: Codable, Sendable {
  /// An address stands for all files that fit it, under its own digest: a revision has one content.
  package let files: DataFiles

  package init(_ files: DataFiles) { self.files = files }

  package init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    guard let address = try? value.decode(String.self), address.hasPrefix(HubAddress.start) else {
      files = try value.decode(DataFiles.self)
      return
    }
    guard HubAddress.isSound(address) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: HubAddress.mistake(address)))
    }
    files = DataFiles(DataFile(path: address, url: URL(filePath: "/"), digest: Digest(of: address)))
  }

  package func encode(to encoder: any Encoder) throws { try files.encode(to: encoder) }
}

enum HubAddress {
  static let start = "hf://"

  static func isSound(_ address: String) -> Bool {
    address.wholeMatch(of: /hf:\/\/datasets\/[^\/@]+(\/[^\/@]+)?@[^\/@]+\/.+/) != nil
  }

  static func mistake(_ address: String) -> String {
    "expected hf://datasets/ORG/NAME@REVISION/FILES, where the revision is a commit, a tag or a branch, found '\(address)'"
  }
}

/// The rows of Parquet files as records.
private struct ParquetRows: RecordFormat {
  let workspace: Workspace
  let columns: [String]?

  func read(_ file: DataFile, _ take: (FileRecord) async throws -> Void) async throws {
    let isRemote = file.path.hasPrefix(HubAddress.start)
    let helper = ParquetHelper(in: workspace, asksHub: isRemote)
    let commit: String?
    do { commit = try await helper.open(isRemote ? file.path : file.url.path, columns) } catch let error
      as StageError
    {
      throw StageError("expected rows of Parquet in '\(file.path)', found none: \(error)")
    }
    if let commit, !file.path.contains("@\(commit)/") {
      workspace.say("\(file.path) was commit \(commit); only an address with a commit is always the same")
    }
    var number = 0
    while case let rows = try await helper.next(), !rows.isEmpty {
      for row in rows {
        number += 1
        try await take(FileRecord(.row(number), row))
      }
    }
    // What was read is what the step is known by.
    if !isRemote { try file.checkUnchanged() }
  }
}
