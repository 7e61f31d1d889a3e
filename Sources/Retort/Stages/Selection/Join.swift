internal import OrderedCollections

/// Brings branches together again: adds the columns of another set's rows that have the same value in a column.
package struct Join: Stage {
  package enum Missing: String, Codable, Sendable, CaseIterable { case drop, keep }

  package struct Config: Codable, Sendable {
    package var on: String
    package var columns: [String]?
    package var missing: Missing?

    package init(on: String, columns: [String]? = nil, missing: Missing? = nil) {
      self.on = on
      self.columns = columns
      self.missing = missing
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "join"
  package static let version = 1
  package static let summary = "Add the columns of another set's rows that agree in one column."
  package static let keys = [
    "on": "The column whose values must be equal in both.",
    "columns": "The columns to add; when left out, all that the row does not have.",
    "missing": "What becomes of a row without a partner: drop (the default), or keep, its columns null.",
  ]
  package static let sets = [
    SetRole("with", help: "The rows to join; each must have the column named by on.")
  ]

  private let config: Config
  /// The partners' columns by the canonical text of the value in `on`. Held in memory.
  private let partners: Once<[String: [JSON.Object]]>

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    if config.missing == .keep, config.columns == nil {
      throw StageError("missing: keep needs columns:, the names to add as null")
    }
    if let names = config.columns, Set(names).count < names.count {
      throw StageError("columns: expected each name once, found \(names.joined(separator: ", "))")
    }
    let set = workspace.set("with", as: Columns.self)
    partners = Once {
      var partners: [String: [JSON.Object]] = [:]
      guard let set else { return partners }
      for try await element in set {
        guard let key = element.value[config.on] else {
          throw StageError("join: expected the column '\(config.on)' in \(element.id), found none")
        }
        var columns = element.value.values
        if let names = config.columns {
          columns = JSON.Object(uniqueKeysWithValues: names.map { [columns] in ($0, columns[$0] ?? .null) })
        } else {
          columns.removeValue(forKey: config.on)
        }
        partners[key.canonical, default: []].append(columns)
      }
      return partners
    }
  }

  package var reads: [ColumnUse] { [ColumnUse(config.on)] }
  package var adds: [String]? { config.columns }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    let key = input[config.on] ?? .null
    if let found = try await partners.value[key.canonical] {
      return .emit(
        found.map { columns in
          Columns(config.columns == nil ? columns.filter { input[$0.key] == nil } : columns)
        })
    }
    guard config.missing == .keep, let names = config.columns else {
      return .drop(reason: "no partner", detail: "\(config.on) is \(key.text)")
    }
    return .emit([Columns(JSON.Object(uniqueKeysWithValues: names.map { ($0, JSON.null) }))])
  }
}
