internal import ArgumentParser
internal import RetortCore
internal import RetortStore

struct DiffCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two runs: settings and prompts, what they redid, counts, rows, cost.")
  @Argument(help: "The earlier run, by its number.") var old: Int64
  @Argument(help: "The later run.") var new: Int64
  @OptionGroup var storeOptions: StoreOptions
  @Option(name: .long, help: "How many differing rows of each stage are shown.") var limit = 5
  @Flag(name: .long, help: "Fold and cut nothing to fit the terminal.") var full = false
  @Flag(name: .long, help: "Print JSON.") var json = false

  func validate() throws {
    if limit < 0 { throw ValidationError("expected --limit of at least 0, found \(limit)") }
  }

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    let diff: RunDiff
    do { diff = try await store.inspector.diff(old, new, examples: limit) } catch let error as NotFound {
      throw CommandFailure.usage("\(error.description); `retort runs` lists them")
    }
    if json { return shell.terminal.print(try JSON(encoding: diff).text) }
    DiffPage.lines(diff, screen: full ? nil : shell.terminal.screen).forEach(shell.terminal.print)
  }
}
