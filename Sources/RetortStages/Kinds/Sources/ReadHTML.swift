package import RetortCore

/// Reads rows from HTML documents: one for each node that an XPath selects.
package struct ReadHTML: Reader {
  package typealias Config = MarkupConfig
  package typealias Output = Columns

  package static let name = "read-html"
  package static let version = 1
  package static let summary = "Read rows from HTML documents with XPath."
  package static let keys = MarkupConfig.keys
  package static let laterKeys = CellRules.laterKeys
  package static let plots = PlottedColumns.speakingOfRewards

  private let source: MarkupSource

  package init(_ config: Config, in workspace: Workspace) throws {
    source = try MarkupSource(.html, config)
  }

  package var adds: [String]? { source.columns.keys.sorted() }

  package func read(into sink: ReaderSink<Columns>) async throws {
    try await source.read(into: sink)
  }
}
