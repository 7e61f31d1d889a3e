internal import ArgumentParser
internal import RetortReport
internal import RetortRun
internal import RetortStore

struct RunsCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs in the store, newest first.")
  @OptionGroup var storeOptions: StoreOptions
  @Option(name: .long, help: "How many at most.") var limit = 20
  @Flag(name: .long, help: "Print JSON.") var json = false

  func perform(in shell: Shell) async throws {
    shell.terminal.print(try await storeOptions.openReading(in: shell).inspector.runs(limit: limit), json: json)
  }
}
