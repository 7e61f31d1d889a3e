internal import OrderedCollections
internal import RetortCore

/// Decides whether another round is played: its one row says so, with the numbers that it goes by.
struct RoundGate: Reader {
  struct Config: Codable, Sendable {
    /// The names under `carry:`.
    let carried: [String]
    /// Whether there is `until:`.
    let until: Bool
    /// The models under `carry:`; nil for none.
    var models: [String]?
  }

  /// The decision, and what it was made of.
  struct Output: Codable, Hashable, Sendable {
    let goesOn: Bool
    let because: String
    /// How many rows there are under each name of `carry:`, models among them.
    let carried: Columns
    /// Rows that satisfy `until:`.
    let met: Int?

    enum CodingKeys: String, CodingKey {
      case because, carried, met
      case goesOn = "goes_on"
    }
  }

  static let name = "round-gate"
  static let version = 1
  static let laterKeys: Set = ["models"]
  static let summary = "Decide whether another round is played."
  static let keys: [String: String] = [:]
  static let untilRole = "until"
  static func role(of carried: String) -> String { "carry.\(carried)" }

  private let decision: Output

  init(_ config: Config, in workspace: Workspace) {
    decision = Self.decision(config) { workspace.set($0, as: Columns.self)?.count ?? 0 }
  }

  var adds: [String]? { ["goes_on", "because", "carried", "met"] }

  func read(into sink: ReaderSink<Output>) async throws { try await sink.make(decision) }

  /// - Parameter rows: of the set under a role.
  static func decision(_ config: Config, rows: (String) -> Int) -> Output {
    let met = config.until ? rows(untilRole) : nil
    let counts = config.carried.map { ($0, rows(role(of: $0))) }
    let models = (config.models ?? []).map { ($0, rows(role(of: $0))) }
    let all = counts.reduce(0) { $0 + $1.1 }
    let (goesOn, because) =
      if let met, met > 0 {
        (false, "\(met) \(met == 1 ? "row satisfies" : "rows satisfy") until")
      } else if !counts.isEmpty, all == 0 {
        (false, "no row is carried")
      } else if let missing = models.first(where: { $0.1 == 0 }) {
        (false, "no model is carried as \(missing.0)")
      } else {
        (true, reason(rows: counts.isEmpty ? nil : all, models: models.count, until: config.until))
      }
    func reason(rows: Int?, models: Int, until: Bool) -> String {
      if let rows { return "\(rows) \(rows == 1 ? "row is" : "rows are") carried" }
      if models == 0 || until { return "no row satisfies until" }
      return "\(models) \(models == 1 ? "model is" : "models are") carried"
    }
    let carried = JSON.Object(uniqueKeysWithValues: (counts + models).map { ($0, .int(Int64($1))) })
    return Output(goesOn: goesOn, because: because, carried: Columns(carried), met: met)
  }
}

/// Lets the rows of the last round pass; those of others are skipped at their gate.
struct RoundLast: RowStage {
  struct Config: Codable, Sendable {}
  typealias Input = Columns
  typealias Output = NoColumns

  static let name = "round-last"
  static let version = 1
  static let isForeseeable = true
  static let summary = "Let the rows of the last round pass."
  static let keys: [String: String] = [:]

  init(_ config: Config, in workspace: Workspace) {}
  var reads: [ColumnUse] { [] }
  func process(_ input: Columns) async throws -> Outcome<NoColumns> { .emit([NoColumns()]) }
}

/// Takes the one row of what a round trained as a model: the key of all that asks it in the next round has what names it, and
/// not where it lies.
struct RoundModel: SetStage {
  struct Config: Codable, Sendable {}

  /// What a round says of a model.
  struct Input: Codable, Hashable, Sendable {
    let name: String
    /// The digest of its weights.
    let revision: String
    /// Added to the words of `launch:`; seen from the pipeline's folder.
    let path: String?
  }

  struct Output: Codable, Hashable, Sendable {
    let name: String
    let revision: String
  }

  static let name = "round-model"
  static let version = 1
  static let summary = "Take what a round trained as a model of the next."
  static let keys: [String: String] = [:]

  init(_ config: Config, in workspace: Workspace) {}

  func process(_ rows: RowSet<Input>, into sink: MakingSink<Output>) async throws {
    let trained = try await rows.all().map(\.value)
    guard trained.count < 2 else {
      throw StageError("expected one row that names the model of the next round, found \(trained.count)")
    }
    for model in trained {
      try await sink.make(Output(name: model.name, revision: model.revision), from: [0])
    }
  }
}
