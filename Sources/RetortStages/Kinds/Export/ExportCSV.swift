package import RetortCore

/// Writes rows as comma-separated values, as RFC 4180 has them.
///
/// Lists and objects are JSON text. An empty field is null, and `""` is an empty text.
package struct ExportCSV: RowExporter {
  package struct Config: Codable, Sendable {
    package var file: String
    package var columns: [String]?
    package var delimiter: String?
    package var asJSON: [String]?
    package var allowEmpty: Bool?

    enum CodingKeys: String, CodingKey {
      case file, columns, delimiter
      case asJSON = "as_json"
      case allowEmpty = "allow_empty"
    }

    package init(
      file: String, columns: [String]? = nil, delimiter: String? = nil, asJSON: [String]? = nil,
      allowEmpty: Bool? = nil
    ) {
      self.file = file
      self.columns = columns
      self.delimiter = delimiter
      self.asJSON = asJSON
      self.allowEmpty = allowEmpty
    }
  }

  package static let name = "export-csv"
  package static let version = 1
  package static let summary =
    "Write rows to a file of comma-separated values (RFC 4180), with a manifest beside it."
  package static let keys = ["delimiter": CSV.delimiterHelp].merging(RowExport.keys) { own, _ in own }

  package let export: RowExport

  package init(_ config: Config, in workspace: Workspace) throws {
    let delimiter = try CSV.delimiter(config.delimiter)
    let rows = RowExport.Config(
      file: config.file, columns: config.columns, asJSON: config.asJSON, allowEmpty: config.allowEmpty)
    export = try RowExport(rows, in: workspace) { CSV(delimiter: delimiter, names: $0) }
  }
}
