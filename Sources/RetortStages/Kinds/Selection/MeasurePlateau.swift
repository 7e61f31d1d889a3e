package import RetortCore

/// Says whether scores have stopped rising: their gain over a window of the latest ones and over its later half, as
/// Agentic Self-Learning (arXiv 2510.14253) goes from one model to the next.
package struct MeasurePlateau: SetStage {
  package struct Config: Codable, Sendable {
    package var column: String
    package var window: Int
    package var below: Double?

    package init(column: String, window: Int, below: Double? = nil) {
      self.column = column
      self.window = window
      self.below = below
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var scores: Int
    /// (newer half - older half) / older half, of means; nil with too few scores, or where the older half is 0.
    package var longGain: Double?
    /// The same over the newer half of the window.
    package var shortGain: Double?
    package var plateau: Bool

    package enum CodingKeys: String, CodingKey {
      case scores, plateau
      case longGain = "long_gain"
      case shortGain = "short_gain"
    }

    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(scores, forKey: .scores)
      // Null, and not left out.
      try fields.encode(longGain, forKey: .longGain)
      try fields.encode(shortGain, forKey: .shortGain)
      try fields.encode(plateau, forKey: .plateau)
    }
  }

  package static let name = "measure-plateau"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Make a row that says whether scores have stopped rising, the last row being the latest."
  package static let keys = [
    "column": "The column with the scores; a row without a number is dropped.",
    "window":
      "How many of the latest scores are looked at, 4 or more: its newer half against its older one, and so again within the "
      + "newer half. There must be more scores than these.",
    "below": "Both gains must be below this for a plateau; default 0.005.",
  ]

  private let column: String
  private let window: Int
  private let below: Double

  package init(_ config: Config, in workspace: Workspace) throws {
    (column, window, below) = (config.column, config.window, config.below ?? 0.005)
    guard window >= 4 else { throw StageError("window: expected 4 scores or more, found \(window)") }
    guard below.isFinite else { throw StageError("below: expected a number, found \(below)") }
  }

  package var reads: [ColumnUse] { [ColumnUse(column)] }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Output>) async throws {
    var scores: [Double] = []
    var ordinals: [Int] = []
    for try await element in rows {
      guard let score = element.value[column]?.number, score.isFinite else {
        try await sink.drop(
          element.ordinal, reason: "no score",
          detail: "\(column): expected a number, found \(element.value.found(column))")
        continue
      }
      scores.append(score)
      ordinals.append(element.ordinal)
    }
    guard !scores.isEmpty else { return }
    try await sink.make(Self.plateau(scores.reversed(), window: window, below: below), from: ordinals)
  }

  /// - Parameter latest: the scores, the newest first.
  static func plateau(_ latest: [Double], window: Int, below: Double) -> Output {
    var output = Output(scores: latest.count, longGain: nil, shortGain: nil, plateau: false)
    guard latest.count > window else { return output }
    output.longGain = gain(latest[..<(window / 2)], over: latest[(window / 2)..<window])
    output.shortGain = gain(latest[..<(window / 4)], over: latest[(window / 4)..<(window / 2)])
    if let long = output.longGain, let short = output.shortGain {
      output.plateau = long < below && short < below
    }
    return output
  }

  /// Nil where there is nothing to compare with.
  private static func gain(_ newer: ArraySlice<Double>, over older: ArraySlice<Double>) -> Double? {
    let (new, old) = (mean(newer), mean(older))
    let gain = (new - old) / old
    return gain.isFinite ? gain : nil
  }

  private static func mean(_ scores: ArraySlice<Double>) -> Double {
    scores.reduce(0, +) / Double(scores.count)
  }
}
