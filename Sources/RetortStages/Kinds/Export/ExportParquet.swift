internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Writes rows as Parquet, with DuckDB in a process of its own: each column has one type, and the same rows are the same
/// bytes.
package struct ExportParquet: RowExporter {
  package static let name = "export-parquet"
  package static let version = 1
  package static let summary = "Write rows to a Parquet file, with a manifest beside it."
  package static let destinations: [Destination] = [.datasetFile]

  package let export: RowExport
  private let workspace: Workspace

  package init(_ config: RowExport.Config, in workspace: Workspace) throws {
    export = try RowExport(config, in: workspace) { _ in JSONLines() }
    self.workspace = workspace
  }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    let types = try ParquetTypes(try await export.shapes(of: rows))
    let file = rows.count == 0 ? nil : try await file(of: rows, types)
    return [try await export.put(file, rows: rows.count, complete: rows.isComplete, types.shapes)]
  }

  private func file(of rows: RowSet<Columns>, _ types: ParquetTypes) async throws -> AtomicFile {
    // Before the work, since it may not be written.
    let file = try await AtomicFile(export.target, in: workspace.ledger)
    let scratch = try ScratchFolder()
    let (lines, packed) = (
      scratch.url.appending(path: "rows.jsonl"), scratch.url.appending(path: "rows.parquet")
    )
    let longest = try await write(rows, types, to: lines)
    let written = try await ParquetHelper(in: workspace).write(
      lines, to: packed, types: types.types, longest: longest)
    guard written == rows.count else {
      throw StageError("expected \(rows.count) rows in the Parquet file, found \(written)")
    }
    let reading = try FileReading(packed)
    while case let piece = try reading.read(), !piece.isEmpty { try file.write(piece) }
    return file
  }

  /// Bytes of the longest line.
  private func write(_ rows: RowSet<Columns>, _ types: ParquetTypes, to lines: URL) async throws -> Int {
    _ = FileManager.default.createFile(atPath: lines.path, contents: nil)
    let handle = try FileHandle(forWritingTo: lines)
    defer { try? handle.close() }
    var (buffer, longest) = (Data(), 0)
    for try await element in rows {
      let line = types.line(element.value.values)
      longest = max(longest, line.utf8.count)
      buffer += Data(line.utf8)
      buffer.append(0x0A)
      if buffer.count >= 1 << 20 {
        try handle.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try handle.write(contentsOf: buffer)
    return longest
  }
}
