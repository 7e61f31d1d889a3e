internal import Foundation
internal import OrderedCollections

/// Writes rows as JSON Lines that every loader takes: each line has every column, in one order and of one type.
package struct ExportJSONL: SetStage {
  package struct Config: Codable, Sendable {
    package var file: String
    package var columns: [String]?

    package init(file: String, columns: [String]? = nil) {
      self.file = file
      self.columns = columns
    }
  }

  package typealias Input = Columns
  package typealias Output = ExportedFile

  package static let name = "export-jsonl"
  package static let version = 1
  package static let summary = "Write rows to a JSON Lines file, with a manifest beside it."
  package static let keys = [
    "file": "Where to write, relative to the pipeline file; the manifest is FILE.manifest.json.",
    "columns": "The columns to write, in this order; all of them when left out.",
  ]
  package static let exports = true

  private let workspace: Workspace
  private let path: String
  private let url: URL
  private let columns: [String]?

  package init(_ config: Config, in workspace: Workspace) throws {
    self.workspace = workspace
    path = config.file
    url = workspace.exportURL(path)
    columns = config.columns
    if columns?.isEmpty == true {
      throw StageError("columns: expected at least one column, found none; leave it out to write all")
    }
  }

  package var reads: [ColumnUse] { (columns ?? []).map { ColumnUse($0) } }

  package func process(_ rows: RowSet<Columns>, into sink: SetSink<ExportedFile>) async throws {
    let shapes = try await shapes(of: rows)
    let writer = try JSONLWriter(url)
    for try await element in rows {
      let values = element.value.values
      try writer.write(
        .object(
          JSON.Object(
            uniqueKeysWithValues: shapes.map { ($0.key, $0.value.fit(values[$0.key] ?? .null)) })))
    }
    let file = try writer.commit()
    let manifest = try Manifest(
      rows: writer.rows, sha256: file?.sha256, complete: rows.isComplete,
      columns: shapes.map { ($0.key, $0.value.kind) }
    ).write(beside: url)
    // An export of no rows is its manifest: that is the file to look for when asking whether it is done.
    try await sink.make(workspace.recorded(file ?? manifest, under: path), from: Array(0..<rows.count))
  }

  private func shapes(of rows: RowSet<Columns>) async throws -> OrderedDictionary<String, ColumnShape> {
    var shapes: OrderedDictionary<String, ColumnShape> = [:]
    for name in columns ?? [] { shapes[name] = .null }
    for try await element in rows {
      for (name, value) in element.value.values where columns == nil || shapes[name] != nil {
        do {
          let shape = try ColumnShape(of: value)
          shapes[name] = try shapes[name]?.joined(shape) ?? shape
        } catch {
          throw StageError(
            "column '\(name)\(error.path)': expected one type in every row, found \(error.left) before and "
              + "\(error.right) in row \(element.id); name the columns to write with columns:, without this one"
          )
        }
      }
    }
    return shapes
  }
}
