internal import ArgumentParser
internal import RetortCore
internal import RetortRun
internal import RetortStore

struct ProvidersCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "providers", abstract: "Show what each provider's API can be asked for.")
  @Flag(name: .long, help: "Print the page in Markdown, as docs/providers.md has it.") var markdown = false

  func perform(in shell: Shell) async throws {
    if markdown { return shell.terminal.print(ProviderReference.markdown) }
    let table = ProviderReference.table
    let rows = table.dropFirst().map { line in line.map { JSON.string($0) } }
    Terminal.lines(of: Table(columns: table[0], rows: Array(rows))).forEach(shell.terminal.print)
  }
}
