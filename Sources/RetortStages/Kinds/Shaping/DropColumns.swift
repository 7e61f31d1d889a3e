internal import OrderedCollections
package import RetortCore

/// Takes columns from rows: some, or all but some.
package struct DropColumns: RowStage {
  package struct Config: Codable, Sendable {
    package var columns: [String]?
    package var keep: [String]?

    package init(columns: [String]? = nil, keep: [String]? = nil) {
      self.columns = columns
      self.keep = keep
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "drop-columns"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Take columns from the rows: those that are named, or all but those."
  package static let keys = [
    "columns": "The columns that end here; a row may lack them.",
    "keep":
      "In place of columns: the columns that go on, and no others; a row that lacks one is dropped as 'missing column'.",
  ]

  private let kept: [String]
  package let passed: PassedColumns
  package let reads: [ColumnUse]
  package var adds: [String]? { [] }

  package init(_ config: Config, in workspace: Workspace) throws {
    switch (config.columns, config.keep) {
    case (let columns?, nil):
      try Self.check(columns, "columns")
      kept = []
      passed = .dropping(columns)
      reads = columns.map { ColumnUse(sectionOn: $0) }
    case (nil, let columns?):
      try Self.check(columns, "keep")
      kept = columns
      passed = .only(columns)
      reads = columns.map { ColumnUse($0) }
    case (nil, nil): throw StageError("expected either columns: or keep:, found neither")
    case (_?, _?): throw StageError("expected either columns: or keep:, found both")
    }
  }

  private static func check(_ columns: [String], _ key: String) throws {
    if columns.isEmpty { throw StageError("\(key): expected at least one column, found none") }
    if Set(columns).count < columns.count {
      throw StageError("\(key): expected each column once, found \(columns.joined(separator: ", "))")
    }
  }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    if let column = kept.first(where: { input[$0] == nil }) { return .missing(column, of: input) }
    return .emit([NoColumns()])
  }
}
