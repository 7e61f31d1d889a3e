internal import Foundation
internal import OrderedCollections

/// Writes rows to one file that every loader takes: each value has every column, in one order and of one type.
struct RowExport: Sendable {
  private let workspace: Workspace
  private let path: String
  private let url: URL
  private let columns: [String]?
  private let layout: JSONLWriter.Layout

  /// `path` is relative to the pipeline file.
  init(_ path: String, in workspace: Workspace, columns: [String]?, layout: JSONLWriter.Layout) throws {
    self.workspace = workspace
    self.path = path
    url = workspace.exportURL(path)
    self.columns = columns
    self.layout = layout
    if columns?.isEmpty == true {
      throw StageError("columns: expected at least one column, found none; leave it out to write all")
    }
  }

  var reads: [ColumnUse] { (columns ?? []).map { ColumnUse($0) } }

  func write(_ rows: RowSet<Columns>, into sink: SetSink<ExportedFile>) async throws {
    let shapes = try await rows.shapes(of: columns)
    let writer = try JSONLWriter(url, layout: layout)
    for try await element in rows {
      let values = element.value.values
      try writer.write(
        .object(
          JSON.Object(
            uniqueKeysWithValues: shapes.map { ($0.key, $0.value.fit(values[$0.key] ?? .null)) })))
    }
    let file = try writer.commit()
    let manifest = try Manifest(
      rows: writer.rows, sha256: file?.sha256, complete: rows.isComplete, pipeline: workspace.pipeline,
      columns: shapes.map { ($0.key, $0.value.kind) }
    ).write(beside: url)
    // An export of no rows is its manifest: that is the file to look for when asking whether it is done.
    try await sink.make(workspace.recorded(file ?? manifest, under: path), from: Array(0..<rows.count))
  }
}
