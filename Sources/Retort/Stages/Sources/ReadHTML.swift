/// Reads rows from HTML documents: one for each node that an XPath selects.
package struct ReadHTML: SetStage {
  package struct Config: Codable, Sendable {
    package let file: DataFile?
    package let files: [DataFile]?
    package let select: String
    package let columns: [String: String]

    package init(
      file: DataFile? = nil, files: [DataFile]? = nil, select: String, columns: [String: String]
    ) {
      self.file = file
      self.files = files
      self.select = select
      self.columns = columns
    }
  }

  package typealias Input = NoColumns
  package typealias Output = Columns

  package static let name = "read-html"
  package static let version = 1
  package static let summary = "Read rows from HTML documents with XPath."
  package static let keys = [
    "file": "The document, relative to the pipeline file; at most 32 MB.",
    "files": "Several documents, instead of 'file'.",
    "select": "XPath of the nodes that become rows.",
    "columns": "Column to an XPath relative to the row's node. What finds nothing is null; several nodes are "
      + "joined by line breaks.",
  ]

  private let source: MarkupSource

  package init(_ config: Config, in workspace: Workspace) throws {
    source = try MarkupSource(
      .html, file: config.file, files: config.files, select: config.select, columns: config.columns)
  }

  package var adds: [String]? { source.columns.keys.sorted() }

  package func process(_ rows: RowSet<NoColumns>, into sink: SetSink<Columns>) async throws {
    try await source.read(into: sink)
  }
}
