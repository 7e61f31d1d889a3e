package import Foundation
internal import OrderedCollections

/// The file beside an export that says what it holds, so that a reader can tell a whole file from a partial one.
package struct Manifest: Sendable {
  /// Lines of the export.
  package let rows: Int
  /// SHA-256 of the export, 64 hex digits; nil when there are no rows and so no file.
  package let sha256: String?
  /// False when rows were lost to failures upstream.
  package let complete: Bool
  /// Fingerprint of the pipeline that wrote the export; nil outside a run.
  package let pipeline: Digest?
  /// Name and type of each column, in the order of the lines' keys.
  package let columns: [(name: String, type: String)]

  package init(
    rows: Int, sha256: String?, complete: Bool, pipeline: Digest?, columns: [(name: String, type: String)]
  ) {
    self.rows = rows
    self.sha256 = sha256
    self.complete = complete
    self.pipeline = pipeline
    self.columns = columns
  }

  package var json: JSON {
    [
      "rows": .int(Int64(rows)), "sha256": sha256.map(JSON.string) ?? .null, "complete": .bool(complete),
      "pipeline": pipeline.map { .string($0.hex) } ?? .null,
      "columns": .array(columns.map { ["name": .string($0.name), "type": .string($0.type)] }),
    ]
  }

  /// Where the manifest of an export lies: `a.jsonl.manifest.json` beside `a.jsonl`.
  package static func url(beside export: URL) -> URL {
    export.deletingLastPathComponent().appending(path: export.lastPathComponent + ".manifest.json")
  }

  /// Writes it; answers its own SHA-256.
  package func write(beside export: URL) throws -> ExportedFile {
    let url = Manifest.url(beside: export)
    let file = try AtomicFile(url)
    try file.write(json.text + "\n")
    return ExportedFile(path: url.path, sha256: try file.commit(), rows: 0)
  }
}
