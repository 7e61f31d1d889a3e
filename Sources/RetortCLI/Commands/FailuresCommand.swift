internal import ArgumentParser
internal import RetortReport
internal import RetortRun
internal import RetortStore

struct FailuresCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "failures", abstract: "Show what failed, grouped by stage and message.")
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    shell.terminal.print(
      try await store.inspector.failures(run: try await lookOptions.resolve(in: store)), json: lookOptions.json)
  }
}
