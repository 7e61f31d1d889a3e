internal import ArgumentParser
internal import RetortCore
internal import RetortStore

/// Options of every command that looks at a run.
struct LookOptions: ParsableArguments {
  @Option(name: .long, help: "The run, by its number. Default: the newest that has what is looked for.")
  var run: Int64?

  @Flag(name: .long, help: "Fold and cut nothing to fit the terminal.")
  var full = false

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  /// Columns that what is printed has to fit into; nil for no limit.
  func screen(in shell: Shell) -> Int? { full ? nil : shell.terminal.screen }

  /// The run that was named, or the newest. Errors: ``CommandFailure`` where there is none.
  func resolve(in store: Store) async throws -> Int64 {
    guard let newest = try await store.inspector.newestRun() else {
      throw CommandFailure.usage("expected a run in the store, found none; `retort run FILE` makes one")
    }
    guard let run else { return newest }
    guard try await store.inspector.recordedRun(run) != nil else {
      throw CommandFailure.usage(
        "expected a run of the store, found none numbered \(run); `retort runs` lists them")
    }
    return run
  }
}
