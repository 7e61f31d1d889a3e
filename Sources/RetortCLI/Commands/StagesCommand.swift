internal import ArgumentParser
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore
internal import RetortStages

struct StagesCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "List the stage kinds, or one with its keys.")
  @Argument(help: "A stage kind.") var name: String?
  @Flag(name: .long, help: "Print the reference in Markdown, as docs/stages.md has it.") var markdown = false

  func perform(in shell: Shell) async throws {
    guard let name else {
      if markdown { return shell.terminal.print(StageReference.markdown(.standard)) }
      let rows = Catalog.standard.kinds.map { [JSON.string($0.name), .string($0.summary)] }
      return Terminal.lines(of: Table(columns: ["stage", "what it does"], rows: rows), width: 200)
        .forEach(shell.terminal.print)
    }
    guard let entry = Catalog.standard[name] else {
      throw CommandFailure.usage("expected a stage kind, found '\(name)'; `retort stages` lists them")
    }
    if markdown { return shell.terminal.print(StageReference.section(entry)) }
    shell.terminal.print("\(entry.name)\n\(entry.summary)\n")
    for fact in StageReference.facts(entry) { shell.terminal.print("  \(fact)") }
    shell.terminal.print("")
    for key in entry.configShape().keys {
      let required = key.required ? ", required" : ""
      shell.terminal.print("  \(key.name) (\(key.value)\(required)): \(entry.keys[key.name] ?? "")")
    }
  }
}
