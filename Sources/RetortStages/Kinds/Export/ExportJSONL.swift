package import RetortCore

/// Writes rows as JSON Lines that every loader takes: each line has every column, in one order and of one type.
package struct ExportJSONL: RowExporter {
  package static let name = "export-jsonl"
  package static let version = 1
  package static let summary = "Write rows to a JSON Lines file, with a manifest beside it."

  package let export: RowExport

  package init(_ config: RowExport.Config, in workspace: Workspace) throws {
    export = try RowExport(config, in: workspace) { _ in JSONLines() }
  }
}
