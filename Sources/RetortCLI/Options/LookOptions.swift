internal import ArgumentParser
internal import RetortReport
internal import RetortRun
internal import RetortStore

/// Options of every command that looks at a run.
struct LookOptions: ParsableArguments {
  @Option(name: .long, help: "The run, by its number. Default: the newest.")
  var run: Int64?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func resolve(in store: Store) async throws -> Int64 {
    if let run { return run }
    guard let newest = try await store.inspector.newestRun() else {
      throw CommandFailure.usage("expected a run in the store, found none; `retort run FILE` makes one")
    }
    return newest
  }
}
