internal import RetortCore
internal import RetortStore

/// Which run a name is looked for in. Where none is named, it is the newest that has it, and what was not to be
/// expected of that is said.
extension LookOptions {
  /// The run whose stage of that name is meant; nil where the named run, or any, has none.
  func run(ofStage name: String, in store: Store, _ shell: Shell) async throws -> Int64? {
    let named = try await resolve(in: store)
    let runs = try await store.inspector.runs(withStage: name)
    if run != nil {
      return try await store.inspector.stages(named: name, run: named).isEmpty ? nil : named
    }
    guard let found = runs.first else { return nil }
    if runs.count > 1 || found.run != named {
      let which = found.run == named ? "" : ", the newest run that has it"
      let others = runs.dropFirst().map { "--run \($0.run) (\($0.pipeline))" }
      let choice = others.isEmpty ? "" : "; other pipelines have it too: " + Self.list(others)
      shell.terminal.complain("shown: '\(name)' of run \(found.run) (\(found.pipeline))\(which)\(choice)")
    }
    return found.run
  }

  /// The run whose row of that name is meant, one with a stage if it is named. Errors: ``CommandFailure``, which says
  /// what comes nearest.
  func run(ofRow text: String, at stage: String? = nil, in store: Store, _ shell: Shell) async throws -> Int64
  {
    let newest = try await resolve(in: store)
    guard let name = RowName(text) else {
      throw CommandFailure.usage(try await Self.mistake(text, expecting: "a row", in: newest, store))
    }
    if run != nil {
      guard try await store.inspector.has(name, run: newest) else {
        throw CommandFailure.usage(try await Self.missing(name, text, named: run, newest, store))
      }
      return newest
    }
    guard let found = try await Self.newestRun(with: name, at: stage, store) else {
      throw CommandFailure.usage(try await Self.missing(name, text, named: nil, newest, store))
    }
    if found != newest { shell.terminal.complain("shown: \(text) of run \(found), the newest that has it") }
    return found
  }

  private static func newestRun(with name: RowName, at stage: String?, _ store: Store) async throws -> Int64?
  {
    if let stage {
      for candidate in try await store.inspector.runs(withStage: stage)
      where try await store.inspector.has(name, run: candidate.run) { return candidate.run }
    }
    return try await store.inspector.newestRun(with: name)
  }

  // MARK: What was not found

  /// Says of a stage that is not there what comes nearest.
  func noStage(_ name: String, in store: Store) async throws -> CommandFailure {
    let run = try await resolve(in: store)
    let names = try await store.inspector.stageNames(of: run).map(\.name)
    let words = "expected a stage of run \(run) (\(Self.list(names, at: 20))), found '\(Self.shown(name))'"
    return .usage(words + NearestWord.hint(name, in: try await names + store.inspector.allStageNames()))
  }

  /// Says of a name of no kind what was looked for and what comes nearest.
  static func mistake(_ text: String, expecting what: String, in run: Int64, _ store: Store) async throws
    -> String
  {
    let names = try await store.inspector.stageNames(of: run).map(\.name)
    let all = try await names + store.inspector.allStageNames()
    let found = "found '\(shown(text))'"
    if what == "a row" {
      let rows = "expected a row (r_…, or a record as questions:7)"
      if all.contains(text) {
        return "\(rows), found the stage '\(text)'; `retort show \(text)` has its rows"
      }
      if toolCallNumber(text) != nil {
        return "\(rows), found a tool's call; `retort show \(text)` shows it"
      }
      if callNumber(text) != nil {
        return "\(rows), found a call; `retort show \(text)` says which rows it was made for"
      }
      return "\(rows), \(found)"
    }
    return
      "expected a stage of run \(run) (\(list(names, at: 20))), a row (r_…, or a record as questions:7) or a call "
      + "(c_… or t_…), \(found)" + NearestWord.hint(text, in: all)
  }

  /// Says of a row that is not there what comes nearest.
  static func missing(_ name: RowName, _ text: String, named: Int64?, _ newest: Int64, _ store: Store)
    async throws -> String
  {
    let place = named.map { "run \($0)" } ?? "the store"
    switch name {
    case .content(let digits):
      if named != nil, let other = try await store.inspector.newestRun(with: name) {
        return
          "expected a row of run \(newest), found '\(text)' in run \(other) alone; see it with --run \(other)"
      }
      let near = try await store.inspector.nearestRow(to: digits).map { "; the nearest is \($0)" } ?? ""
      return "expected a row of \(place), found none that begins with '\(text)'\(near)"
    case .record(let stage, _):
      let runs = try await store.inspector.runs(withStage: stage)
      let run = named ?? runs.first?.run ?? newest
      let stages = try await store.inspector.stageNames(of: run)
      let readers = stages.filter(\.isReader).map(\.name)
      guard readers.contains(stage) else {
        let what =
          stages.contains { $0.name == stage } ? "'\(stage)', which reads no records" : "'\(shown(stage))'"
        return "expected a record of a reader of run \(run) (\(list(readers, at: 20))), found one of \(what)"
          + NearestWord.hint(stage, in: try await readers + store.inspector.allStageNames())
      }
      let count = try await store.inspector.records(of: stage, run: run)
      let range = count == 0 ? "has none" : count == 1 ? "has \(stage):0 alone" : "has 0 to \(count - 1)"
      return "expected a record of '\(stage)', which \(range) in run \(run), found '\(text)'"
    }
  }

  /// The number of a call, `c_83`. Zeros before it do not count, so that a call can be told from a stage of its name.
  static func callNumber(_ text: String) -> Int64? {
    text.wholeMatch(of: /c_([0-9]{1,18})/).flatMap { Int64($0.1) }
  }

  /// The number of a tool's call, `t_83`.
  static func toolCallNumber(_ text: String) -> Int64? {
    text.wholeMatch(of: /t_([0-9]{1,18})/).flatMap { Int64($0.1) }
  }

  private static func shown(_ text: String) -> String { Terminal.safe(String(text.prefix(100))) }

  private static func list(_ words: [String], at most: Int = 3) -> String {
    let more = words.count > most ? ["… (\(words.count - most) more)"] : []
    return (words.prefix(most) + more).joined(separator: ", ")
  }
}
