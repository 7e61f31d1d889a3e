internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

struct ShowCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract:
      "Show the rows of a stage, what it dropped or failed at, one row, or one call with prompt and reply.",
    discussion: """
      A row is named by its identifier or the beginning of it (r_d125), or by the record it was read from (questions:7). \
      A call is named as `trace` and `show --failed` print it: c_83 of a model, t_7 of a tool. A stage comes before a row or \
      a call of that very name: write more digits of the row, or c_083.

      On a terminal, values are folded to fit it; --full shows them whole, as they are where stdout is no terminal. \
      --json is for programs.
      """)
  @Argument(help: "A stage, a row (r_…, or a record as questions:7), or a call (c_…, or t_… of a tool).")
  var target: String?
  @Flag(name: .long, help: "Show the rows that the stage dropped, and why; without a stage, those of all.")
  var dropped = false
  @Flag(name: .long, help: "Show the rows that failed at the stage, and why; without a stage, those of all.")
  var failed = false
  @Option(name: .long, help: "Of a stage inside rounds, the rows of this one alone.") var round: Int?
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions
  @Option(name: .long, help: "How many rows at most.") var limit = 5

  func validate() throws {
    guard limit >= 1 else { throw ValidationError("expected --limit of at least 1, found \(limit)") }
    if dropped, failed { throw ValidationError("expected either --dropped or --failed, found both") }
    if target == nil, !dropped, !failed {
      throw ValidationError(
        "expected a stage, a row (r_…, or a record as questions:7) or a call (c_… or t_…), found none")
    }
  }

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    guard let target else { return try await ended(nil, run: lookOptions.resolve(in: store), store, shell) }
    if let run = try await lookOptions.run(ofStage: target, in: store, shell) {
      let stages = try await stages(target, run: run, store, shell)
      let books = try await store.inspector.books(of: run)
      let played = stages.filter { books[$0].map { $0.in + $0.rows > 0 } ?? false }
      for stage in played.isEmpty ? stages : played {
        if stages.count > 1 { shell.terminal.complain("\(stage):") }
        try await dropped || failed
          ? ended(stage, run: run, store, shell) : rows(of: stage, run: run, store, shell)
      }
      return
    }
    if round != nil {
      throw CommandFailure.usage("expected --round with a stage inside rounds, found '\(target)'")
    }
    if dropped || failed { throw try await lookOptions.noStage(target, in: store) }
    if let number = LookOptions.callNumber(target) { return try await call(number, store, shell) }
    if let number = LookOptions.toolCallNumber(target) { return try await toolCall(number, store, shell) }
    if RowName(target) != nil { return try await row(target, store, shell) }
    let run = try await lookOptions.resolve(in: store)
    throw CommandFailure.usage(
      try await LookOptions.mistake(target, expecting: "anything", in: run, store))
  }

  /// The stages that are shown, one after the other; what it is of is said where there are several.
  private func stages(_ target: String, run: Int64, _ store: Store, _ shell: Shell) async throws -> [String] {
    let all = try await store.inspector.stages(named: target, run: run)
    guard let round else { return all }
    let rounds = all.compactMap { RoundName($0)?.number }
    guard let stage = all.first(where: { RoundName($0)?.number == round }) else {
      throw CommandFailure.usage(
        rounds.isEmpty
          ? "expected a stage inside rounds with --round, found '\(target)'"
          : "expected a round of '\(target)' (1 to \(rounds.max() ?? 1)), found \(round)")
    }
    return [stage]
  }

  private func rows(of stage: String, run: Int64, _ store: Store, _ shell: Shell) async throws {
    // One more than is shown tells whether there are more.
    let found = try await store.inspector.rows(of: stage, run: run, limit: limit == .max ? limit : limit + 1)
    for row in found.rows.prefix(limit) {
      guard let id = row[0].string, case .string(let text) = row[2] else { continue }
      let columns = try JSON(parsing: text)
      if lookOptions.json {
        shell.terminal.print(Self.json(id, source: row[1], columns, of: stage).text)
      } else {
        ShowPage.lines(
          id: id, source: row[1].string ?? "", columns.object ?? [:], screen: lookOptions.screen(in: shell)
        ).forEach(shell.terminal.print)
      }
    }
    if found.rows.count > limit { shell.terminal.complain("there are more; see them with --limit") }
    if found.rows.isEmpty, let books = try await store.inspector.books(of: run)[stage] {
      shell.terminal.complain("\(stage) has no row in run \(run): \(Self.counts(books, stage))")
    }
  }

  private static func json(_ id: String, source: JSON, _ columns: JSON, of stage: String) -> JSON {
    var fields: JSON.Object = ["row": .string(id), "source": source, "columns": columns]
    if let round = RoundName(stage)?.number { fields["round"] = .int(Int64(round)) }
    return .object(fields)
  }

  /// What became of the rows of a stage that has none.
  private static func counts(_ books: Books, _ stage: String) -> String {
    let counts = [
      (books.in, "in"), (books.emitted, "emitted"), (books.dropped, "dropped"), (books.failed, "failed"),
      (books.pending, "pending"),
    ]
    let words = counts.filter { $0.0 > 0 || $0.1 == "in" }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    if books.failed > 0 { return words + "; see `retort show --failed \(stage)`" }
    return words + (books.dropped > 0 ? "; see `retort show --dropped \(stage)`" : "")
  }

  private func ended(_ stage: String?, run: Int64, _ store: Store, _ shell: Shell) async throws {
    let found =
      try await failed
      ? store.inspector.failedRows(of: stage, run: run, limit: limit)
      : store.inspector.droppedRows(of: stage, run: run, limit: limit)
    for row in found.rows {
      if lookOptions.json {
        shell.terminal.print(Self.json(row, failed: failed).text)
      } else {
        ShowPage.lines(row, failed: failed, screen: lookOptions.screen(in: shell)).forEach(
          shell.terminal.print)
      }
    }
    let what = failed ? "failed" : "dropped"
    if found.total == 0 {
      shell.terminal.complain("nothing \(what)\(stage.map { " at \($0)" } ?? "") in run \(run)")
    } else if found.rows.count < found.total {
      shell.terminal.complain(
        "\(found.rows.count) of \(found.total) \(what) are shown; see more with --limit \(found.total)")
    }
  }

  private static func json(_ row: EndedRow, failed: Bool) -> JSON {
    var fields: JSON.Object = [
      "stage": .string(row.stage), "row": row.id.map(JSON.string) ?? .null,
      "source": row.source.map(JSON.string) ?? .null,
    ]
    if failed {
      (fields["kind"], fields["message"]) = (.string(row.reason), .string(row.detail))
    } else {
      fields["sample"] = row.sample.map { .int(Int64($0)) } ?? .null
      (fields["reason"], fields["detail"]) = (.string(row.reason), .string(row.detail))
    }
    fields["calls"] = .array(row.calls.map { .string("c_\($0)") })
    fields["columns"] = row.columns.map(JSON.object) ?? .null
    return .object(fields)
  }

  private func row(_ text: String, _ store: Store, _ shell: Shell) async throws {
    guard let name = RowName(text) else { return }
    let found = try await store.inspector.rows(named: name, run: lookOptions.run, limit: max(limit, 10))
    for row in found {
      if lookOptions.json {
        shell.terminal.print(Self.json(row).text)
      } else {
        ShowPage.lines(row, screen: lookOptions.screen(in: shell)).forEach(shell.terminal.print)
      }
    }
    guard found.isEmpty else { return }
    // It says where it is, or what comes nearest; a record that became no row has a run, and a reason.
    let run = try await lookOptions.run(ofRow: text, in: store, shell)
    if case .record(let stage, _) = name, let lost = try await store.inspector.lostRecord(name, run: run) {
      let ended = EndedRow(stage: stage, source: text, reason: lost.reason, detail: lost.detail)
      if lookOptions.json { return shell.terminal.print(Self.json(ended, failed: false).text) }
      ShowPage.lines(ended, failed: false, screen: lookOptions.screen(in: shell)).forEach(
        shell.terminal.print)
    }
  }

  private static func json(_ row: FoundRow) -> JSON {
    let ends = row.ends.map { end -> JSON in
      .object(["stage": .string(end.stage), "outcome": .string(end.outcome), "reason": .string(end.reason)])
    }
    return .object([
      "row": .string(row.id), "source": row.places.first.map { .string($0.source) } ?? .null,
      "run": row.run.map(JSON.int) ?? .null,
      "stages": .array(OrderedSet(row.places.map(\.stage)).map { .string($0) }), "ended": .array(ends),
      "columns": .object(row.columns),
    ])
  }

  private func toolCall(_ number: Int64, _ store: Store, _ shell: Shell) async throws {
    guard let call = try await store.inspector.toolCall(number) else {
      throw CommandFailure.usage("expected a tool's call of the store, found none named t_\(number)")
    }
    if lookOptions.json { return shell.terminal.print(try ToolCallPage.json(call).text) }
    ToolCallPage.lines(call, screen: lookOptions.screen(in: shell)).forEach(shell.terminal.print)
  }

  private func call(_ number: Int64, _ store: Store, _ shell: Shell) async throws {
    guard let call = try await store.inspector.call(number) else {
      let range =
        try await store.inspector.callRange().map { "has c_\($0.first) to c_\($0.last)" } ?? "has none"
      throw CommandFailure.usage("expected a call of the store, which \(range), found none named c_\(number)")
    }
    let uses = try await store.inspector.uses(ofCall: number)
    if lookOptions.json { return shell.terminal.print(try CallPage.json(call, uses).text) }
    CallPage.lines(call, uses, screen: lookOptions.screen(in: shell)).forEach(shell.terminal.print)
  }
}
