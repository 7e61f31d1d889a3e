internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Writes rows to one file that every loader takes: each value has every column, in one order and of one type.
struct RowExport: Sendable {
  private let workspace: Workspace
  private let path: String
  private let target: ExportTarget
  private let manifest: ExportTarget
  private let columns: [String]?
  private let layout: JSONLWriter.Layout
  private let allowsEmpty: Bool

  /// `path` is relative to the pipeline file; `allowsEmpty`: a file of an earlier run may give way to none.
  init(
    _ path: String, in workspace: Workspace, columns: [String]?, layout: JSONLWriter.Layout,
    allowsEmpty: Bool?
  ) throws {
    self.workspace = workspace
    self.path = path
    let url = workspace.exportURL(path)
    manifest = ExportTarget(Manifest.url(beside: url), as: .manifest)
    target = ExportTarget(url, listedIn: manifest.url)
    self.columns = columns
    self.layout = layout
    self.allowsEmpty = allowsEmpty ?? false
    if columns?.isEmpty == true {
      throw StageError("columns: expected at least one column, found none; leave it out to write all")
    }
  }

  var writes: [ExportTarget] { [target, manifest] }

  var reads: [ColumnUse] { (columns ?? []).map { ColumnUse($0) } }

  func write(_ rows: RowSet<Columns>, into sink: SetSink<ExportedFile>) async throws {
    let shapes = try await rows.shapes(of: columns)
    let writer = try await JSONLWriter(target, in: workspace.ledger, layout: layout)
    for try await element in rows {
      let values = element.value.values
      try writer.write(
        .object(
          JSON.Object(
            uniqueKeysWithValues: shapes.map { ($0.key, $0.value.fit(values[$0.key] ?? .null)) })))
    }
    let own = OwnFiles(workspace.ledger)
    if writer.rows == 0 { try await own.mayEmpty([target], allowed: allowsEmpty) }
    let file = try writer.seal()
    let beside = try await AtomicFile(manifest, in: workspace.ledger)
    try beside.write(
      Manifest(
        rows: writer.rows, sha256: file?.sha256, complete: rows.isComplete, pipeline: workspace.pipeline,
        columns: shapes.map { ($0.key, $0.value.kind) }
      ).json.text + "\n")
    let written = ExportedFile(path: manifest.url.path, sha256: try beside.seal(), rows: 0)
    try await own.put((file == nil ? [] : [writer.file]) + [beside], retiring: file == nil ? [target] : [])
    // An export of no rows is its manifest: that is the file to look for when asking whether it is done.
    try await sink.make(workspace.recorded(file ?? written, under: path), from: Array(0..<rows.count))
  }
}
