package import RetortCore

/// Reads rows from HTML documents: one for each node that an XPath selects.
package struct ReadHTML: SetStage {
  package typealias Config = MarkupConfig
  package typealias Input = NoColumns
  package typealias Output = Columns

  package static let name = "read-html"
  package static let version = 1
  package static let summary = "Read rows from HTML documents with XPath."
  package static let keys = MarkupConfig.keys

  private let source: MarkupSource

  package init(_ config: Config, in workspace: Workspace) throws {
    source = try MarkupSource(.html, config)
  }

  package var adds: [String]? { source.columns.keys.sorted() }

  package func process(_ rows: RowSet<NoColumns>, into sink: SetSink<Columns>) async throws {
    try await source.read(into: sink)
  }
}
