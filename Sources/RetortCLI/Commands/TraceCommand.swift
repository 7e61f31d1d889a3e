internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

struct TraceCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Follow a row both ways: what it was made from, what became of it, and what each call cost.",
    discussion: """
      Of a rollout with tools it has the turns, with the calls of the model (c_…) and of the tools (t_…); \
      `retort show` shows each whole.
      """)
  @Argument(help: "A row: its identifier (r_…), or the record it was read from (questions:7).") var row:
    String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    let run = try await lookOptions.run(ofRow: row, in: store, shell)
    let found = try await store.inspector.trace(row, run: run)
    let calls = try await store.inspector.callLines(TracePage.calls(of: found))
    let turns = try await store.inspector.rolloutSteps(row, run: run)
    if lookOptions.json { return shell.terminal.print(try TracePage.json(found, calls, turns).text) }
    if found.rows.isEmpty, let name = RowName(row),
      let lost = try await store.inspector.lostRecord(name, run: run)
    {
      let why = [lost.reason, lost.detail].filter { !$0.isEmpty }.joined(separator: ": ")
      return ShowPage.said(["\(row) became no row: \(why)"], screen: lookOptions.screen(in: shell))
        .forEach(shell.terminal.print)
    }
    var sets: OrderedDictionary<String, [String]> = [:]
    for stage in TracePage.sets(of: found) {
      sets[stage] = try await store.inspector.rows(of: stage, run: run, limit: 2).rows.compactMap {
        $0[0].string
      }
    }
    let newest = try await store.inspector.newestRun()
    TracePage.lines(
      found, calls: calls, turns: turns, sets: sets, run: run == newest ? nil : run,
      screen: lookOptions.screen(in: shell)
    ).forEach(shell.terminal.print)
  }
}
