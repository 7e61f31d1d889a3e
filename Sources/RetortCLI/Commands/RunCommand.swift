internal import ArgumentParser
internal import RetortRun
internal import RetortStore

struct RunCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Perform what a pipeline file asks for and is not done.")
  @Argument(help: "The pipeline file.") var file: String
  @OptionGroup var flags: RunFlags
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Print a JSON summary on stdout.") var json = false

  func perform(in shell: Shell) async throws {
    let flags = flags.values
    let pipeline = try Session.read(shell.url(file), flags, in: shell)
    try Session.checkNames(flags, pipeline)
    Session.tellPilot(flags, pipeline, in: shell)
    // The store is made last: a run that cannot begin leaves none behind.
    try await storeOptions.looking(in: shell) {
      try await storeOptions.refuseObstacles(
        pipeline, RunOptions(selection: flags.selection, only: flags.only), store: $0, in: shell)
      try await Session.checkPrices(flags, pipeline, in: $0)
    }
    let store = try Store(path: storeOptions.path(in: shell))
    try await Session(
      pipeline: pipeline, flags: flags, store: store, storeOption: storeOptions.store, shell: shell
    ).perform(json: json)
  }
}
