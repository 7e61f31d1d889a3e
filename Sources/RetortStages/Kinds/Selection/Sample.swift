package import RetortCore

/// Keeps a seeded random part of a set.
package struct Sample: SetStage {
  package struct Config: Codable, Sendable {
    package var count: Int?
    package var fraction: Double?
    package var seed: Int?

    package init(count: Int? = nil, fraction: Double? = nil, seed: Int? = nil) {
      self.count = count
      self.fraction = fraction
      self.seed = seed
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "sample"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Keep a seeded random part of the rows."
  package static let keys = [
    "count": "How many rows to keep; all of them when there are fewer.",
    "fraction": "Which part of the rows to keep, in place of count: 0 to 1, rounded to whole rows.",
    "seed": "Chooses another sample; 0 when left out.",
  ]

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    switch (config.count, config.fraction) {
    case (let count?, nil) where count >= 0: break
    case (nil, let fraction?) where (0...1).contains(fraction): break
    case (nil, nil): throw StageError("expected either count: or fraction:, found neither")
    case (_?, _?): throw StageError("expected either count: or fraction:, found both")
    case (let count?, nil): throw StageError("count: expected 0 or more, found \(count)")
    case (nil, let fraction?): throw StageError("fraction: expected 0 to 1, found \(fraction)")
    }
  }

  package var reads: [ColumnUse] { [] }
  package var adds: [String]? { [] }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<NoColumns>) async throws {
    let wanted = config.count ?? Int(((config.fraction ?? 0) * Double(rows.count)).rounded())
    var order: [(position: Double, ordinal: Int)] = []
    order.reserveCapacity(rows.count)
    var copies: [Digest: Int] = [:]
    for try await element in rows {
      // Equal rows are told apart by which copy they are.
      let digest = Digest(of: element.row.json)
      let copy = copies[digest, default: 0]
      copies[digest] = copy + 1
      let position = SeededOrder.position(of: "\(digest.hex):\(copy)", seed: config.seed ?? 0)
      order.append((position, element.ordinal))
    }
    order.sort { ($0.position, $0.ordinal) < ($1.position, $1.ordinal) }
    let kept = Set(order.prefix(wanted).map(\.ordinal))
    for ordinal in 0..<rows.count {
      if kept.contains(ordinal) {
        try await sink.keep(ordinal, adding: NoColumns())
      } else {
        try await sink.drop(ordinal, reason: "not in the sample")
      }
    }
  }
}
