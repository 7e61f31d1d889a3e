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

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
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
    var seen: [Digest: String] = [:]
    var near = config.near.map(NearDuplicates.init)
    var compared: [String] = []
    for try await element in rows {
      let value = element.value[config.column] ?? .null
      let text = value.string ?? value.canonical
      let units = TextUnit.units(of: text)
      let digest =
        value.string == nil ? Digest(of: Self.compared(value)) : Digest(of: Self.compared(text, units))
      if let first = seen[digest] {
        try await sink.drop(element.ordinal, reason: "duplicate", detail: "says the same as \(first)")
        continue
      }
      seen[digest] = element.id
      let shingles = Set(WordShingles.hashes(of: units, length: config.shingle ?? 3))
      if let match = near?.match(shingles) {
        try await sink.drop(
          element.ordinal, reason: "near duplicate",
          detail: "\((match.similarity * 100).rounded() / 100) of \(compared[match.number])")
        continue
      }
      if near != nil { compared.append(element.id) }
      try await sink.keep(element.ordinal, adding: NoColumns())
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
