internal import OrderedCollections
package import RetortCore

/// How many rows of each group pass: what tells a question that is always solved from one that never is.
///
/// DeepEyes (arXiv 2505.14362) keeps the questions of which neither none nor all of 8 answers pass; DeepEyesV2
/// (arXiv 2511.05271) routes questions by the passes with and without tools.
package struct PassRate: SetStage {
  package enum Rows: String, Codable, Hashable, Sendable, CaseIterable { case all, first }

  package struct Config: Codable, Sendable {
    package var by: [String]?
    package var passed: String?
    package var min: Double?
    package var rows: Rows?

    package init(by: [String]? = nil, passed: String? = nil, min: Double? = nil, rows: Rows? = nil) {
      self.by = by
      self.passed = passed
      self.min = min
      self.rows = rows
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var passes: Int
    /// Rows of the group.
    package var n: Int
    /// Of those, the ones without a verdict: they have not passed.
    package var unreadable: Int
    /// `passes / n`.
    package var passRate: Double

    package enum CodingKeys: String, CodingKey {
      case passes, n, unreadable
      case passRate = "pass_rate"
    }
  }

  package static let name = "pass-rate"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Add how many rows of each group pass, as a number and as a rate."
  package static let keys = [
    "by":
      "The columns in which the rows of a group agree; default group, as sample-rollouts writes it; [] for all rows, or "
      + "under per: those of each.",
    "passed":
      "The column that says what passes: true or 1; default 'correct'. Anything but a Boolean, 0 or 1 is unreadable, and "
      + "has not passed.",
    "min": "Where that column has a reward: the least that passes; what is no number is unreadable.",
    "rows":
      "all (each row goes on, with the figures of its group) or first (the first row of each group alone); default all.",
  ]
  package static let plots = PlottedColumns.own([PlottedColumn("pass_rate")])

  package var reads: [ColumnUse] {
    ColumnUse.joined([ColumnUse(passed)], by.map { ColumnUse(sectionOn: $0) })
  }
  private let by: [String]
  private let passed: String
  private let least: Double?
  private let rows: Rows

  package init(_ config: Config, in workspace: Workspace) throws {
    by = config.by ?? ["group"]
    if Set(by).count < by.count {
      throw StageError("by: expected each column once, found \(by.joined(separator: ", "))")
    }
    passed = config.passed ?? "correct"
    least = config.min
    if let least, !least.isFinite { throw StageError("min: expected a number, found \(least)") }
    rows = config.rows ?? .all
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var groups: OrderedDictionary<RowGroup, [(ordinal: Int, verdict: Bool?)]> = [:]
    for try await row in rows {
      groups[RowGroup(by, of: row.value.values), default: []].append((row.ordinal, verdict(on: row.value)))
    }
    for group in groups.values {
      let figures = Self.figures(group.map(\.verdict))
      for (place, ordinal) in group.map(\.ordinal).enumerated() {
        if place == 0 || self.rows == .all {
          try await sink.keep(ordinal, adding: figures)
        } else {
          try await sink.consume(ordinal)
        }
      }
    }
  }

  private static func figures(_ verdicts: [Bool?]) -> Output {
    let passes = verdicts.count { $0 == true }
    return Output(
      passes: passes, n: verdicts.count, unreadable: verdicts.count { $0 == nil },
      passRate: Double(passes) / Double(verdicts.count))
  }

  /// Nil for what cannot be read.
  private func verdict(on row: Columns) -> Bool? {
    let value = row[passed] ?? .null
    guard let least else {
      if let flag = value.bool { return flag }
      return value.number == 1 ? true : value.number == 0 ? false : nil
    }
    guard let number = value.bool.map({ $0 ? 1 : 0 }) ?? value.number, number.isFinite else { return nil }
    return number >= least
  }
}
