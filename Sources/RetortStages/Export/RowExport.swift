internal import Foundation
internal import OrderedCollections
package import RetortCore

/// An export of rows as they are to one file that every loader takes: each value has every column, in one order and of
/// one type.
package protocol RowExporter: Exporter where Input == Columns {
  var export: RowExport { get }
}

extension RowExporter {
  package static var laterKeys: Set<String> { ["allow_empty", "as_json"] }
  package static var keys: [String: String] { RowExport.keys }
  package static var destinations: [Destination] { [.file] }

  package var reads: [ColumnUse] { export.reads }
  package var writes: [ExportTarget] { export.writes }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    [try await export.write(rows, dropping: sink)]
  }
}

/// Writes rows to one file, with a manifest beside it.
package struct RowExport: Sendable {
  package struct Config: Codable, Sendable {
    package var file: String
    package var columns: [String]?
    package var asJSON: [String]?
    package var allowEmpty: Bool?

    enum CodingKeys: String, CodingKey {
      case file, columns
      case asJSON = "as_json"
      case allowEmpty = "allow_empty"
    }

    package init(
      file: String, columns: [String]? = nil, asJSON: [String]? = nil, allowEmpty: Bool? = nil
    ) {
      self.file = file
      self.columns = columns
      self.asJSON = asJSON
      self.allowEmpty = allowEmpty
    }
  }

  static let keys = [
    "file":
      "Where to write, relative to the pipeline file, packed with gzip where the name ends in .gz; the manifest is FILE.manifest.json.",
    "columns": "The columns to write, in this order; all of them when left out.",
    "as_json": AsJSON.help,
    "allow_empty":
      "Whether a file of an earlier run gives way to none when there are no rows now; default false.",
  ]

  private let workspace: Workspace
  private let path: String
  let target: ExportTarget
  private let manifest: ExportTarget
  private let columns: [String]?
  private let asJSON: [String]
  private let layout: @Sendable (_ columns: [String]) -> any RowLayout
  private let allowsEmpty: Bool

  init(
    _ config: Config, in workspace: Workspace,
    layout: @escaping @Sendable (_ columns: [String]) -> any RowLayout
  ) throws {
    self.workspace = workspace
    path = config.file
    let url = workspace.exportURL(path)
    manifest = ExportTarget(Manifest.url(beside: url), as: .manifest)
    target = ExportTarget(url, listedIn: manifest.url)
    _ = try Packing.packer(of: url)
    columns = config.columns
    asJSON = try AsJSON.checked(config.asJSON, in: config.columns)
    self.layout = layout
    allowsEmpty = config.allowEmpty ?? false
    if columns?.isEmpty == true {
      throw StageError("columns: expected at least one column, found none; leave it out to write all")
    }
  }

  var writes: [ExportTarget] { [target, manifest] }

  var reads: [ColumnUse] { columns?.map { ColumnUse($0) } ?? asJSON.map { ColumnUse(sectionOn: $0) } }

  /// The type that each column has in all rows. Errors: ``StageError`` for one that has none.
  func shapes(of rows: RowSet<Columns>) async throws -> OrderedDictionary<String, ColumnShape> {
    try await rows.shapes(of: columns, asJSON: asJSON)
  }

  func write(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> ExportedFile {
    let shapes = try await shapes(of: rows)
    let writer = try await JSONLWriter(target, in: workspace.ledger, layout: layout(Array(shapes.keys)))
    for try await element in rows {
      let values = element.value.values
      let row = shapes.map { ($0.key, $0.value.fit(values[$0.key] ?? .null)) }
      do { try writer.write(.object(JSON.Object(uniqueKeysWithValues: row))) } catch let bad as BadRow {
        try await sink.drop(element.ordinal, reason: bad.reason, detail: bad.detail)
      }
    }
    let written = try writer.seal()
    return try await put(
      written == nil ? nil : writer.file, rows: writer.rows, complete: rows.isComplete, shapes)
  }

  /// Puts a file in its place, and its manifest beside it; the manifest alone where there are no rows.
  func put(
    _ data: AtomicFile?, rows: Int, complete: Bool, _ shapes: OrderedDictionary<String, ColumnShape>
  ) async throws -> ExportedFile {
    let own = OwnFiles(workspace.ledger)
    if data == nil { try await own.mayEmpty([target], allowed: allowsEmpty) }
    let file = try data.map { ExportedFile(path: target.url.path, sha256: try $0.seal(), rows: rows) }
    let beside = try await AtomicFile(manifest, in: workspace.ledger)
    try beside.write(
      Manifest(
        rows: rows, sha256: file?.sha256, complete: complete, pipeline: workspace.pipeline,
        columns: shapes.map { ($0.key, $0.value.kind) }
      ).json.text + "\n")
    let written = ExportedFile(path: manifest.url.path, sha256: try beside.seal(), rows: 0)
    try await own.put((data.map { [$0] } ?? []) + [beside], retiring: data == nil ? [target] : [])
    // An export of no rows is its manifest: that is the file to look for when asking whether it is done.
    return workspace.recorded(file ?? written, under: path)
  }
}
