internal import Foundation
internal import OrderedCollections
package import RetortCore
internal import Synchronization

/// Gives a whole set to a program of the user's, which makes new rows of it.
package struct CommandSet: SetStage {
  package typealias Config = CommandKeys
  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "command-set"
  package static let version = 1
  package static let summary =
    "Give all rows to a program of your own, which makes new rows of them and names those that it drops."
  package static let keys = CommandKeys.help.merging([
    "timeout": "Seconds in which the program neither takes a row nor writes a line; default 3600."
  ]) { $1 }
  package static let plots = PlottedColumns.speakingOfRewards

  private let config: Config
  private let program: HelperProgram

  package init(_ config: Config, in workspace: Workspace) throws {
    try config.check()
    self.config = config
    program = config.program(in: workspace)
  }

  package var reads: [ColumnUse] { (config.columns ?? []).map { ColumnUse($0) } }
  package var adds: [String]? { config.declared }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    guard rows.count > 0 else { return }
    try config.checkUnchanged()
    let talk = try SetTalk(program, longest: config.longest, patience: config.timeout ?? 3600)
    try await withThrowingTaskGroup(of: Void.self) { group in
      // Before the others are waited for, which wait for the program.
      defer { talk.end() }
      group.addTask { try await send(rows, to: talk) }
      group.addTask { try await receive(from: talk, rows.count, into: sink) }
      group.addTask { try await talk.watch() }
      // The third watches the two, and never ends by itself.
      for _ in 0..<2 { try await group.next() }
      group.cancelAll()
    }
  }

  private func send(_ rows: RowSet<Columns>, to talk: SetTalk) async throws {
    for try await element in rows {
      let line: JSON = [
        "id": .int(Int64(element.ordinal + 1)), "row": .object(config.shown(element.value.values)),
      ]
      guard await talk.write(line.text + "\n") else { break }
    }
    talk.closeInput()
  }

  /// Takes the program's lines until its end.
  private func receive(from talk: SetTalk, _ count: Int, into sink: MakingSink<Columns>) async throws {
    var fates = Fates(count: count)
    var lines = 0
    for await sign in talk.signs {
      switch sign {
      case .line(let line):
        lines += 1
        do { try await take(try JSON(parsing: line), &fates, into: sink) } catch let error as StageError {
          throw StageError("line \(lines) of the program: \(error)")
        } catch let error as JSONError {
          throw StageError("line \(lines) of the program: expected JSON, found none: \(error)")
        }
        talk.isHeard()
      case .overlong:
        throw StageError(
          "expected lines of at most \(config.longest) bytes from the program, found a longer one")
      case .ended(let how):
        guard how == "with status 0" else { throw StageError("the program ended \(how)\(talk.lastWords)") }
        return try fates.checkComplete(saying: talk.lastWords)
      }
    }
    throw CancellationError()
  }

  private func take(_ answer: JSON, _ fates: inout Fates, into sink: MakingSink<Columns>) async throws {
    let said = ["row", "drop", "error"].filter { answer[$0] != nil }
    guard said.count == 1, let word = said.first else {
      throw StageError(
        "expected one of 'row', 'drop' and 'error', found "
          + (said.isEmpty ? "none" : said.joined(separator: " and ")))
    }
    let ids = answer["from"]?.array ?? answer["id"].map { [$0] } ?? []
    switch word {
    case "row":
      let members = try ids.map { try fates.use($0) }
      guard !members.isEmpty else {
        throw StageError("expected the ids of the rows that the row is made from under 'from', found none")
      }
      try await sink.make(try config.row(answer[word]), from: Array(OrderedSet(members)))
    case "drop":
      let (reason, detail) = try CommandKeys.drop(answer)
      guard ids.count == 1 else { throw StageError("expected the 'id' of a row beside 'drop', found none") }
      try await sink.drop(try fates.drop(ids[0]), reason: reason, detail: detail)
    default: throw StageError("it says: \((answer[word]?.string ?? answer[word]?.text ?? "").prefix(2000))")
    }
  }

  /// What became of the rows of a set so far.
  private struct Fates {
    private enum Fate { case open, used, dropped }
    private var all: [Fate]

    init(count: Int) { all = Array(repeating: .open, count: count) }

    /// The row's ordinal. Errors: ``StageError``.
    mutating func use(_ id: JSON) throws -> Int {
      let ordinal = try ordinal(id)
      guard all[ordinal] != .dropped else {
        throw StageError("expected row \(id.text) once, found it dropped before")
      }
      all[ordinal] = .used
      return ordinal
    }

    mutating func drop(_ id: JSON) throws -> Int {
      let ordinal = try ordinal(id)
      guard all[ordinal] == .open else { throw StageError("expected row \(id.text) once, found it again") }
      all[ordinal] = .dropped
      return ordinal
    }

    private func ordinal(_ id: JSON) throws -> Int {
      guard let number = id.int, (1...Int64(all.count)).contains(number) else {
        throw StageError("expected the id of a row, 1 to \(all.count), found \(id.text.prefix(80))")
      }
      return Int(number) - 1
    }

    func checkComplete(saying lastWords: String) throws {
      let left = all.indices.filter { all[$0] == .open }
      guard let first = left.first else { return }
      throw StageError(
        "expected a row made from each of the \(all.count) rows, or its drop, found neither for \(left.count), the first "
          + "with id \(first + 1)\(lastWords)")
    }
  }
}
