package import RetortCore

/// Lets rows pass only where enough rows satisfy some conditions: its own, or those of another set, as gold-labelled pairs
/// say what a judge is worth before anything is judged by it.
package struct Require: SetStage {
  package struct Config: Codable, Sendable {
    package var `where`: [Filter.Condition]
    package var share: Double?
    package var rows: Int?

    package init(where conditions: [Filter.Condition], share: Double? = nil, rows: Int? = nil) {
      `where` = conditions
      self.share = share
      self.rows = rows
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "require"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Fail unless enough rows satisfy conditions; then let all rows pass."
  package static let keys = [
    "where": "Conditions as filter has them; a row counts where all of them hold.",
    "share": "The least share of the rows that must count, 0 to 1; default 1.",
    "rows":
      "The fewest rows that must be there to tell; default 1. With fewer the stage fails too: of none nobody knows.",
  ]
  package static let sets = [
    SetRole(
      "of", required: false,
      help: "The rows that are looked at, in place of the stage's own, which wait for them.")
  ]

  private let conditions: [Filter.Condition]
  private let tests: [RowTest]
  private let share: Double
  private let least: Int
  private let others: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    conditions = config.where
    guard !conditions.isEmpty else {
      throw StageError("where: expected at least one condition, found none")
    }
    tests = try conditions.flatMap { try RowTest.all(of: $0) }
    share = config.share ?? 1
    guard (0...1).contains(share) else { throw StageError("share: expected 0 to 1, found \(share)") }
    least = config.rows ?? 1
    guard least >= 0 else { throw StageError("rows: expected 0 or more, found \(least)") }
    others = workspace.set("of", as: Columns.self)
  }

  package var reads: [ColumnUse] { others == nil ? RowTest.reads(of: tests) : [] }
  package var adds: [String]? { [] }
  package var sets: [SetRole] {
    let columns = RowTest.reads(of: tests).filter(\.required).map(\.name)
    return Self.sets.map { SetRole($0.name, required: false, columns: columns, help: $0.help) }
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<NoColumns>) async throws {
    var (all, held) = (0, 0)
    for try await element in others ?? rows {
      all += 1
      if try tests.allSatisfy({ try $0.holds(for: element.value) }) { held += 1 }
    }
    guard all >= least else {
      throw StageError("expected at least \(least) \(least == 1 ? "row" : "rows") to tell, found \(all)")
    }
    guard Double(held) >= share * Double(all) else {
      throw StageError(
        "expected \(words) of at least \(share) of the rows, found it of \(held) of \(all) "
          + "(\((Double(held) / Double(all) * 1000).rounded() / 1000))", needsEdit: true)
    }
    for ordinal in 0..<rows.count { try await sink.keep(ordinal, adding: NoColumns()) }
  }

  private var words: String { tests.map { "\($0.column) \($0.says)" }.joined(separator: " and ") }
}
