internal import OrderedCollections
package import RetortCore

/// Gives each row to a program of the user's, which says what becomes of it.
package struct CommandStage: RowStage {
  package struct Config: Codable, Sendable {
    package var keys: CommandKeys
    package var inFlight: Int?

    package init(_ keys: CommandKeys, inFlight: Int? = nil) {
      self.keys = keys
      self.inFlight = inFlight
    }

    private enum CodingKeys: String, CodingKey { case inFlight = "in_flight" }

    package init(from decoder: any Decoder) throws {
      keys = try CommandKeys(from: decoder)
      inFlight = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .inFlight)
    }

    package func encode(to encoder: any Encoder) throws { try keys.encode(to: encoder) }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "command"
  package static let version = 1
  package static let summary =
    "Give each row to a program of your own, which answers with columns, rows, a drop or an error."
  package static let keys = CommandKeys.help.merging([
    "timeout":
      "Seconds that a row may take, a start of the program included; default 60. With n rows in hand it has n times as long.",
    "in_flight": "Rows that it has in hand at most; default 4.",
  ]) { $1 }
  package static let plots = PlottedColumns.speakingOfRewards

  package static func inFlight(of config: Config) -> Int? { config.inFlight ?? usual }

  private static let usual = 4

  private let keys: CommandKeys
  private let helper: Helper

  package init(_ config: Config, in workspace: Workspace) throws {
    let keys = config.keys
    self.keys = keys
    try keys.check()
    let inFlight = config.inFlight ?? Self.usual
    guard (1...10_000).contains(inFlight) else {
      throw StageError("in_flight: expected 1 to 10000, found \(inFlight)")
    }
    helper = Helper(
      keys.program(in: workspace),
      .init(
        inFlight: inFlight, patience: .seconds(keys.timeout ?? 60), tries: 2, longest: keys.longest,
        check: { try keys.checkUnchanged() }),
      purpose: "command", remedy: "mend that, then resume", say: workspace.say)
  }

  package var reads: [ColumnUse] { (keys.columns ?? []).map { ColumnUse($0) } }
  package var adds: [String]? { keys.declared }

  package func process(_ row: Columns) async throws -> Outcome<Columns> {
    do {
      return try outcome(try await helper.answer(["row": .object(keys.shown(row.values))]))
    } catch let fault as Helper.Fault {
      throw StageError("expected an answer for the row: \(fault)")
    }
  }

  private func outcome(_ answer: JSON) throws -> Outcome<Columns> {
    let said = ["columns", "rows", "drop", "error"].filter { answer[$0] != nil }
    guard said.count == 1, let word = said.first else {
      throw StageError(
        "expected one of 'columns', 'rows', 'drop' and 'error' in the answer, found "
          + (said.isEmpty ? "none" : said.joined(separator: " and ")))
    }
    switch word {
    case "columns": return .emit([try keys.row(answer[word])])
    case "rows":
      guard let rows = answer[word]?.array else {
        throw StageError("expected a list of objects under 'rows', found \(answer[word]?.kind ?? "none")")
      }
      guard !rows.isEmpty else { return .drop(reason: "no rows", detail: "the program answered with none") }
      return .emit(try rows.map { try keys.row($0) })
    case "drop":
      let (reason, detail) = try CommandKeys.drop(answer)
      return .drop(reason: reason, detail: detail)
    default:
      let words = answer[word]?.string ?? answer[word]?.text ?? ""
      throw StageError("the program says: \(words.prefix(2000))")
    }
  }
}
