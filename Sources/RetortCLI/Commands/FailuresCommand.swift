internal import ArgumentParser
internal import RetortCore
internal import RetortStore

struct FailuresCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "failures", abstract: "Show what failed, grouped by stage and message.",
    discussion: "`retort show --failed STAGE` has the rows.")
  @Argument(help: "A stage, for what failed there alone.") var stage: String?
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    var run = try await lookOptions.resolve(in: store)
    if let stage {
      guard let found = try await lookOptions.run(ofStage: stage, in: store, shell) else {
        throw try await lookOptions.noStage(stage, in: store)
      }
      run = found
    }
    let found = try await store.inspector.failures(run: run, of: stage)
    if found.rows.isEmpty {
      shell.terminal.complain("nothing failed\(stage.map { " at \($0)" } ?? "") in run \(run)")
    }
    if lookOptions.json { return shell.terminal.print(found, json: true) }
    Terminal.lines(of: found, width: nil, screen: lookOptions.screen(in: shell)).forEach(shell.terminal.print)
  }
}
