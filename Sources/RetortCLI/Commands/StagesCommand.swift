internal import ArgumentParser
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

struct StagesCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "List the stage kinds, or one with its keys.")
  @Argument(help: "A stage kind.") var name: String?
  @Flag(name: .long, help: "Print the reference in Markdown, as docs/stages.md has it.") var markdown = false

  func perform(in shell: Shell) async throws {
    guard let name else {
      if markdown { return shell.terminal.print(StageReference.markdown(.standard)) }
      let kinds = [("stage", "what it does")] + Catalog.standard.kinds.map { ($0.name, $0.summary) }
      return Self.lines(kinds, screen: shell.terminal.screen).forEach(shell.terminal.print)
    }
    guard let entry = Catalog.standard[name] else {
      throw CommandFailure.usage("expected a stage kind, found '\(name)'; `retort stages` lists them")
    }
    if markdown { return shell.terminal.print(StageReference.section(entry)) }
    func print(_ line: String) {
      ShowPage.broken(line, indented: 4, screen: shell.terminal.screen).forEach(shell.terminal.print)
    }
    shell.terminal.print(entry.name)
    ShowPage.broken(entry.summary, indented: 0, screen: shell.terminal.screen).forEach(shell.terminal.print)
    shell.terminal.print("")
    for fact in StageReference.facts(entry) { print("  \(fact)") }
    shell.terminal.print("")
    for key in entry.configShape().keys {
      let required = key.required ? ", required" : ""
      print("  \(key.name) (\(key.value)\(required)): \(entry.keys[key.name] ?? "")")
    }
  }

  /// Names, and what is said of them beside them.
  private static func lines(_ kinds: [(name: String, words: String)], screen: Int?) -> [String] {
    let column = (kinds.map(\.name.count).max() ?? 0) + 2
    return kinds.flatMap { kind in
      let head = kind.name + String(repeating: " ", count: column - kind.name.count)
      return ShowPage.broken(head + kind.words, indented: column, screen: screen)
    }
  }
}
