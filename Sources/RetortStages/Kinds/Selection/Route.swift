internal import OrderedCollections
package import RetortCore

/// Says of each row where it goes: the first case whose conditions it satisfies.
package struct Route: RowStage {
  package struct Case: Codable, Hashable, Sendable {
    package var to: String
    package var `where`: [Filter.Condition]

    package init(to: String, where conditions: [Filter.Condition]) {
      self.to = to
      `where` = conditions
    }
  }

  package struct Config: Codable, Sendable {
    package var cases: [Case]
    package var `default`: String?
    package var column: String?

    package init(cases: [Case], default other: String? = nil, column: String? = nil) {
      self.cases = cases
      `default` = other
      self.column = column
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "route"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Add a column that says which of some cases a row is, by conditions in order."
  package static let keys = [
    "cases":
      "In order, each `to:`, what the column says, and `where:`, conditions as filter has them, which must all hold: the "
      + "first case that does counts.",
    "default":
      "What the column says where no case holds; left out, such a row is dropped as 'no case'.",
    "column": "The column that is added; default 'route'.",
  ]

  private struct Tested: Sendable {
    let to: String
    let tests: [RowTest]
  }

  private let cases: [Tested]
  private let other: String?
  private let column: String

  package init(_ config: Config, in workspace: Workspace) throws {
    guard !config.cases.isEmpty else { throw StageError("cases: expected at least one case, found none") }
    cases = try config.cases.enumerated().map { place, one in
      let path = ["cases", "\(place)"]
      guard !one.to.isBlank else {
        throw StageError("cases: expected a word under 'to', found none", at: path + ["to"])
      }
      guard !one.where.isEmpty else {
        throw StageError(
          "cases: expected at least one condition, found none; what is left goes under 'default'",
          at: path + ["where"])
      }
      let tests = try one.where.enumerated().flatMap { index, condition in
        do { return try RowTest.all(of: condition) } catch let error as StageError {
          throw StageError("cases: \(error.description)", at: path + ["where", "\(index)"])
        }
      }
      return Tested(to: one.to, tests: tests)
    }
    other = config.default
    column = config.column ?? "route"
  }

  package var reads: [ColumnUse] { RowTest.reads(of: cases.flatMap(\.tests)) }
  package var adds: [String]? { [column] }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    let found = try cases.first { try $0.tests.allSatisfy { try $0.holds(for: input) } }?.to ?? other
    guard let found else {
      return .drop(reason: "no case", detail: "none of \(cases.map(\.to).joined(separator: ", ")) holds")
    }
    return .emit([Columns([column: .string(found)])])
  }
}
