internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

struct TraceCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Follow a row both ways: what it was made from, what became of it, and what each step cost.")
  @Argument(help: "A row's identifier (r_…).") var row: String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    let run = try await lookOptions.resolve(in: store)
    let found = try await store.inspector.trace(row, run: run)
    guard !found.rows.isEmpty else {
      throw CommandFailure.usage("expected a row of the run, found none for '\(row)'")
    }
    if lookOptions.json { return shell.terminal.print(found, json: true) }
    var sets: OrderedDictionary<String, [String]> = [:]
    for stage in TracePage.sets(of: found) {
      sets[stage] = try await store.inspector.rows(of: stage, run: run, limit: 2).rows.compactMap { $0[0].string }
    }
    TracePage.lines(found, sets: sets, run: lookOptions.run).forEach(shell.terminal.print)
  }
}
