internal import OrderedCollections
package import RetortCore

/// Keeps a seeded random part of a set.
package struct Sample: SetStage {
  package struct Config: Codable, Sendable {
    package var count: Int?
    package var fraction: Double?
    package var seed: Int?
    package var balance: String?
    package var by: [String]?

    package init(
      count: Int? = nil, fraction: Double? = nil, seed: Int? = nil, balance: String? = nil,
      by: [String]? = nil
    ) {
      self.count = count
      self.fraction = fraction
      self.seed = seed
      self.balance = balance
      self.by = by
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "sample"
  package static let version = 1
  package static let laterKeys: Set = ["balance", "by"]
  package static let isForeseeable = true
  package static let summary = "Keep a seeded random part of the rows."
  package static let keys = [
    "count": "How many rows to keep; all of them when there are fewer.",
    "fraction": "Which part of the rows to keep, in place of count: 0 to 1, rounded to whole rows.",
    "balance":
      "In place of count: a column of whose values equally many rows are kept, as many as there are of the rarest. Values are "
      + "those of the whole set, two at least; a row without one is dropped.",
    "by":
      "With balance: the columns in which the rows of a group agree; each group is balanced by itself, and one that lacks a "
      + "value has no rows left. Default: all rows are one group.",
    "seed": "Chooses another sample; 0 when left out.",
  ]

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    if let balance = config.balance {
      guard config.count == nil, config.fraction == nil else {
        throw StageError("expected one of count:, fraction: and balance:, found two")
      }
      if config.by?.contains(balance) == true {
        throw StageError("by: expected other columns than that of balance:, found '\(balance)'")
      }
      return
    }
    guard config.by == nil else { throw StageError("by: expected balance: with it, found none") }
    switch (config.count, config.fraction) {
    case (let count?, nil) where count >= 0: break
    case (nil, let fraction?) where (0...1).contains(fraction): break
    case (nil, nil): throw StageError("expected either count: or fraction:, found neither")
    case (_?, _?): throw StageError("expected either count: or fraction:, found both")
    case (let count?, nil): throw StageError("count: expected 0 or more, found \(count)")
    case (nil, let fraction?): throw StageError("fraction: expected 0 to 1, found \(fraction)")
    }
  }

  package var reads: [ColumnUse] {
    ([config.balance].compactMap(\.self) + (config.by ?? [])).map { ColumnUse(sectionOn: $0) }
  }
  package var adds: [String]? { [] }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<NoColumns>) async throws {
    if let balance = config.balance { return try await balanced(rows, on: balance, into: sink) }
    let wanted = config.count ?? Int(((config.fraction ?? 0) * Double(rows.count)).rounded())
    var draw = Draw(seed: config.seed ?? 0)
    var places: [Place] = []
    places.reserveCapacity(rows.count)
    for try await element in rows { places.append(draw.place(of: element.row, element.ordinal)) }
    let kept = Set(places.sorted().prefix(wanted).map(\.ordinal))
    for ordinal in 0..<rows.count {
      if kept.contains(ordinal) {
        try await sink.keep(ordinal, adding: NoColumns())
      } else {
        try await sink.drop(ordinal, reason: "not in the sample")
      }
    }
  }

  /// As many of each value as of the rarest, group by group.
  private func balanced(
    _ rows: RowSet<Columns>, on column: String, into sink: KeepingSink<NoColumns>
  ) async throws {
    var draw = Draw(seed: config.seed ?? 0)
    var values: Set<RowGroup> = []
    var groups: OrderedDictionary<RowGroup, OrderedDictionary<RowGroup, [Place]>> = [:]
    for try await element in rows {
      let row = element.value.values
      guard !(row[column] ?? .null).isNull else {
        try await sink.drop(element.ordinal, reason: "no value to balance", detail: "\(column) is null")
        continue
      }
      let (group, value) = (RowGroup(config.by ?? [], of: row), RowGroup([column], of: row))
      values.insert(value)
      groups[group, default: [:]][value, default: []].append(draw.place(of: element.row, element.ordinal))
    }
    for group in groups.values {
      let isWhole = values.count > 1 && group.count == values.count
      let least = isWhole ? group.values.map(\.count).min() ?? 0 : 0
      let kept = Set(group.values.flatMap { $0.sorted().prefix(least) }.map(\.ordinal))
      for ordinal in group.values.flatMap({ $0.map(\.ordinal) }).sorted() {
        if kept.contains(ordinal) {
          try await sink.keep(ordinal, adding: NoColumns())
        } else {
          try await sink.drop(ordinal, reason: isWhole ? "not in the sample" : "no counterpart")
        }
      }
    }
  }

  /// Where a row comes in the order of the draw.
  private struct Place: Comparable {
    let position: Double
    let ordinal: Int

    static func < (left: Place, right: Place) -> Bool {
      (left.position, left.ordinal) < (right.position, right.ordinal)
    }
  }

  /// Gives each row its place, by its content; equal rows are told apart by which copy they are.
  private struct Draw {
    let seed: Int
    private var copies: [Digest: Int] = [:]

    init(seed: Int) { self.seed = seed }

    mutating func place(of row: Row, _ ordinal: Int) -> Place {
      let digest = Digest(of: row.json)
      let copy = copies[digest, default: 0]
      copies[digest] = copy + 1
      return Place(
        position: SeededOrder.position(of: "\(digest.hex):\(copy)", seed: seed), ordinal: ordinal)
    }
  }
}
