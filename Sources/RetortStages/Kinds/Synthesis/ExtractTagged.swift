internal import OrderedCollections
package import RetortCore

/// Takes what stands between tags out of a text.
package struct ExtractTagged: RowStage {
  package static let name = "extract-tagged"
  package static let version = 2
  package static let isForeseeable = true
  package static let summary =
    "Add a column for each tag with the text between <tag> and </tag>, outside of thoughts."
  package static let keys = [
    "column": "The column to look in.",
    "tags": "Names of the tags; each becomes a column of that name.",
    "last": "Take the last of several such elements instead of the first; default false.",
    "optional": "Add null where a tag is missing, instead of dropping the row; default false.",
  ]

  package static let plots = PlottedColumns.speakingOfRewards

  package struct Config: Codable, Sendable {
    package var column: String
    package var tags: [String]
    package var last: Bool?
    package var optional: Bool?

    package init(column: String, tags: [String], last: Bool? = nil, optional: Bool? = nil) {
      self.column = column
      self.tags = tags
      self.last = last
      self.optional = optional
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package var reads: [ColumnUse] { [ColumnUse(config.column)] }
  package var adds: [String]? { config.tags }
  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    guard !config.tags.isEmpty, Set(config.tags).count == config.tags.count,
      config.tags.allSatisfy({ !$0.isEmpty && !$0.contains { "<>/ \n".contains($0) } })
    else { throw StageError("tags: expected different names without '<', '>', '/' and spaces") }
    self.config = config
  }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    guard let text = input[config.column]?.string else {
      return .drop(
        reason: "no text",
        detail: "\(config.column): expected a text, found \(input[config.column]?.kind ?? "nothing")")
    }
    let spoken = StatedAnswer.spoken(text)
    var output = Columns()
    for tag in config.tags {
      if let found = Self.element(
        tag, in: ThoughtMark.names(tag) ? text : spoken, last: config.last ?? false)
      {
        output[tag] = .string(found)
      } else if config.optional ?? false {
        output[tag] = .null
      } else {
        return .drop(
          reason: "tag missing", detail: "\(config.column): expected <\(tag)>…</\(tag)>, found none")
      }
    }
    return .emit([output])
  }

  static func element(_ tag: String, in text: String, last: Bool) -> String? {
    let pieces = text.split(separator: "<\(tag)>", omittingEmptySubsequences: false).dropFirst()
    let found = pieces.compactMap { piece -> String? in
      let parts = piece.split(separator: "</\(tag)>", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 ? String(parts[0]).trimmed : nil
    }
    return last ? found.last : found.first
  }
}
