internal import OrderedCollections
package import RetortCore

/// Brings branches together again: adds the columns of partners, which are the rows of another set or of the further
/// stages under `from:`, where they agree in a column or, by `per:`, descend from the same row.
///
/// The rows of the first stage under `from:`, in file order, go on; a partner among the rows ends here.
package struct Join: SetStage {
  package enum Missing: String, Codable, Sendable, CaseIterable { case drop, keep }

  package struct Config: Codable, Sendable {
    package var on: String?
    package var columns: [String]?
    package var missing: Missing?

    package init(on: String? = nil, columns: [String]? = nil, missing: Missing? = nil) {
      self.on = on
      self.columns = columns
      self.missing = missing
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "join"
  package static let version = 2
  package static let isForeseeable = true
  package static let summary =
    "Add the columns of another stage's rows that agree in one column, or descend from the same row (per:)."
  package static let keys = [
    "on": "The column whose values must be equal in both; may be left out with per:.",
    "columns": "The columns to add; when left out, all that the row does not have.",
    "missing": "What becomes of a row without a partner: drop (the default), or keep, its columns null.",
  ]
  package static let sets = [
    SetRole(
      "with", required: false,
      help: "The rows to join. When left out: those of the stages under from: but the first in the file.")
  ]

  private struct Partner: Sendable {
    let columns: JSON.Object
    /// Its position in the set; nil when it is one of another set.
    let ordinal: Int?
  }
  package static let plots = PlottedColumns.speakingOfRewards

  private let config: Config
  private let others: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    others = workspace.set("with", as: Columns.self)
    if config.missing == .keep, config.columns == nil {
      throw StageError("missing: keep needs columns:, the names to add as null")
    }
    if let names = config.columns, Set(names).count < names.count {
      throw StageError("columns: expected each name once, found \(names.joined(separator: ", "))")
    }
    guard others != nil || workspace.branches > 1 else {
      throw StageError(
        "expected rows to join: a stage under using.with, or two stages under from:, found neither")
    }
    guard config.on != nil || (others == nil && workspace.isGrouped) else {
      throw StageError(
        "expected 'on', or two stages under from: and the stage under per: that both descend from")
    }
  }

  package var reads: [ColumnUse] { config.on.map { [ColumnUse($0)] } ?? [] }
  /// Under `from:` the branches have columns of their own, so that only a run can tell.
  package var adds: [String]? { others == nil ? nil : config.columns }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Columns>) async throws {
    var partners: [String: [Partner]] = [:]
    for try await element in others ?? rows where others != nil || element.branch > 0 {
      partners[try key(of: element).canonical, default: []].append(
        Partner(columns: columns(of: element.value.values), ordinal: others == nil ? element.ordinal : nil))
    }
    var joined: Set<String> = []
    for try await element in rows where others != nil || element.branch == 0 {
      let key = try key(of: element)
      if let found = partners[key.canonical] {
        joined.insert(key.canonical)
        try await sink.keep(
          element.ordinal,
          addingEach: found.map { partner in
            let added = partner.columns.filter { config.columns != nil || element.value[$0.key] == nil }
            return (Columns(added), partner.ordinal)
          })
      } else if config.missing == .keep, let names = config.columns {
        try await sink.keep(
          element.ordinal, adding: Columns(JSON.Object(uniqueKeysWithValues: names.map { ($0, .null) })))
      } else {
        try await drop(element.ordinal, key, sink)
      }
    }
    guard others == nil else { return }
    for try await element in rows where element.branch > 0 {
      let key = try key(of: element)
      if joined.contains(key.canonical) {
        try await sink.consume(element.ordinal)
      } else {
        try await drop(element.ordinal, key, sink)
      }
    }
  }

  private func drop(_ ordinal: Int, _ key: JSON, _ sink: KeepingSink<Columns>) async throws {
    let detail = config.on.map { "\($0) is \(key.text)" } ?? "none descends from the same row"
    try await sink.drop(ordinal, reason: "no partner", detail: detail)
  }

  /// What partners have in common; the same for all rows of a group when no column is named.
  private func key(of element: RowSet<Columns>.Element) throws -> JSON {
    guard let on = config.on else { return .null }
    guard let value = element.value[on] else {
      throw StageError("join: expected the column '\(on)' in \(element.id), found none")
    }
    return value
  }

  /// What a partner gives.
  private func columns(of row: JSON.Object) -> JSON.Object {
    if let names = config.columns {
      return JSON.Object(uniqueKeysWithValues: names.map { ($0, row[$0] ?? .null) })
    }
    return row.filter { $0.key != config.on }
  }
}
