internal import OrderedCollections
package import RetortCore

/// Keeps the first of rows that say the same, word for word or nearly.
package struct Deduplicate: SetStage {
  package struct Config: Codable, Sendable {
    package var column: String
    package var near: Double?
    package var shingle: Int?

    package init(column: String, near: Double? = nil, shingle: Int? = nil) {
      self.column = column
      self.near = near
      self.shingle = shingle
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "deduplicate"
  package static let version = 2
  package static let isForeseeable = true
  package static let summary = "Keep the first of rows whose column says the same."
  package static let keys = [
    "column":
      "The column to compare; case, white space and punctuation do not count, signs (operators, currency, #, emoji) do.",
    "near": "Also drop texts whose word shingles overlap this much: Jaccard similarity, above 0, at most 1.",
    "shingle": "Words in a shingle; 3 when left out.",
  ]

  package static let sets = [
    SetRole(
      "known", required: false,
      help:
        "Rows that were there before: what says the same as one of them is dropped too, as 'known already'.")
  ]
  package var sets: [SetRole] {
    Self.sets.map { SetRole($0.name, required: false, columns: [config.column], help: $0.help) }
  }

  private let config: Config
  private let known: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    known = workspace.set("known", as: Columns.self)
    if let near = config.near, !(near > 0 && near <= 1) {
      throw StageError("near: expected a similarity above 0 and at most 1, found \(near)")
    }
    if let shingle = config.shingle, shingle < 1 {
      throw StageError("shingle: expected 1 word or more, found \(shingle)")
    }
  }

  package var reads: [ColumnUse] { [ColumnUse(config.column)] }
  package var adds: [String]? { [] }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<NoColumns>) async throws {
    var said = Said(config)
    if let known {
      for try await element in known { _ = said.twin(of: element.value, from: element.id, isKnown: true) }
    }
    for try await element in rows {
      if let twin = said.twin(of: element.value, from: element.id, isKnown: false) {
        try await sink.drop(element.ordinal, reason: twin.reason, detail: twin.detail)
      } else {
        try await sink.keep(element.ordinal, adding: NoColumns())
      }
    }
  }

  /// What the rows have said so far.
  private struct Said {
    private let column: String
    private let shingle: Int
    private var exact: [Digest: Source] = [:]
    private var near: NearDuplicates?
    /// Those that are compared, by their number.
    private var compared: [Source] = []

    private struct Source {
      let row: String
      let isKnown: Bool
    }

    init(_ config: Config) {
      column = config.column
      shingle = config.shingle ?? 3
      near = config.near.map(NearDuplicates.init)
    }

    /// Why a row says nothing new; nil where it does, and then later ones are compared with it.
    mutating func twin(of row: Columns, from id: String, isKnown: Bool) -> (reason: String, detail: String)? {
      let value = row[column] ?? .null
      let units = TextUnit.units(of: value.string ?? value.canonical)
      let digest =
        value.string.map { Digest(of: Deduplicate.compared($0, units)) }
        ?? Digest(of: Deduplicate.compared(value))
      if let first = exact[digest] {
        return (first.isKnown ? "known already" : "duplicate", "says the same as \(first.row)")
      }
      let source = Source(row: id, isKnown: isKnown)
      exact[digest] = source
      guard near != nil else { return nil }
      let shingles = Set(WordShingles.hashes(of: units, length: shingle))
      if let match = near?.match(shingles) {
        let first = compared[match.number]
        return (
          first.isKnown ? "near a known one" : "near duplicate",
          "\((match.similarity * 100).rounded() / 100) of \(first.row)"
        )
      }
      compared.append(source)
      return nil
    }
  }

  /// A text of punctuation alone is compared as it is.
  private static func compared(_ text: String, _ units: [TextUnit]) -> String {
    units.isEmpty ? "\u{0}" + text : units.map(\.text).joined(separator: " ")
  }

  /// Of lists and objects the texts are compared as a text is, and all else as it stands.
  private static func compared(_ value: JSON) -> JSON {
    switch value {
    case .string(let text): .string(compared(text, TextUnit.units(of: text)))
    case .array(let elements): .array(elements.map(compared))
    case .object(let fields): .object(fields.mapValues(compared))
    default: value
    }
  }
}
