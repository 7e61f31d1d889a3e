package import RetortCore

/// Writes rows as one JSON array, as results of the shared task are handed in; else as ``ExportJSONL``.
package struct ExportJSON: RowExporter {
  package static let name = "export-json"
  package static let version = 1
  package static let summary = "Write rows to a file that is one JSON array, with a manifest beside it."

  package let export: RowExport

  package init(_ config: RowExport.Config, in workspace: Workspace) throws {
    export = try RowExport(config, in: workspace) { _ in JSONList() }
  }
}
