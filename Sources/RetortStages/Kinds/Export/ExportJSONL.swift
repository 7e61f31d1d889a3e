internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Writes rows as JSON Lines that every loader takes: each line has every column, in one order and of one type.
package struct ExportJSONL: SetStage {
  package struct Config: Codable, Sendable {
    package var file: String
    package var columns: [String]?
    package var allowEmpty: Bool?

    enum CodingKeys: String, CodingKey {
      case file, columns
      case allowEmpty = "allow_empty"
    }

    package init(file: String, columns: [String]? = nil, allowEmpty: Bool? = nil) {
      self.file = file
      self.columns = columns
      self.allowEmpty = allowEmpty
    }
  }

  package typealias Input = Columns
  package typealias Output = ExportedFile

  package static let name = "export-jsonl"
  package static let version = 1
  package static let laterKeys: Set = ["allow_empty"]
  package static let summary = "Write rows to a JSON Lines file, with a manifest beside it."
  package static let keys = [
    "file": "Where to write, relative to the pipeline file; the manifest is FILE.manifest.json.",
    "columns": "The columns to write, in this order; all of them when left out.",
    "allow_empty":
      "Whether a file of an earlier run gives way to none when there are no rows now; default false.",
  ]
  package static let exports = true

  private let export: RowExport

  package init(_ config: Config, in workspace: Workspace) throws {
    export = try RowExport(
      config.file, in: workspace, columns: config.columns, layout: .lines, allowsEmpty: config.allowEmpty)
  }

  package var reads: [ColumnUse] { export.reads }

  package var writes: [ExportTarget] { export.writes }

  package func process(_ rows: RowSet<Columns>, into sink: SetSink<ExportedFile>) async throws {
    try await export.write(rows, into: sink)
  }
}
