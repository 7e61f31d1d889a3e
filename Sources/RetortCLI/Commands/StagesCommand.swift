internal import ArgumentParser
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

struct StagesCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "List the stage kinds, or one with its keys.")
  @Argument(help: "A stage kind, or a kind of tool.") var name: String?
  @Flag(name: .long, help: "Print the reference in Markdown, as docs/stages.md has it.") var markdown = false

  func perform(in shell: Shell) async throws {
    guard let name else {
      if markdown { return shell.terminal.print(StageReference.markdown(.standard)) }
      let kinds = [("stage", "what it does")] + Catalog.standard.kinds.map { ($0.name, $0.summary) }
      let tools = [("tool", "what it does")] + Catalog.standard.tools.map { ($0.name, $0.summary) }
      let pages = [kinds, tools].map { Self.lines($0, screen: shell.terminal.screen) }
      return pages.joined(separator: [""]).forEach(shell.terminal.print)
    }
    if let tool = Catalog.standard.tools.first(where: { $0.name == name }) {
      return show(tool, markdown: markdown, shell)
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

  private func show(_ tool: ToolEntry, markdown: Bool, _ shell: Shell) {
    if markdown { return shell.terminal.print(StageReference.section(tool)) }
    shell.terminal.print(tool.name)
    for line in [tool.summary, "", StageReference.use(of: tool), ""] {
      ShowPage.broken(line, indented: 0, screen: shell.terminal.screen).forEach(shell.terminal.print)
    }
    for key in tool.configShape().keys {
      ShowPage.broken(
        "  \(key.name) (\(key.value)): \(tool.keys[key.name] ?? "")", indented: 4,
        screen: shell.terminal.screen
      ).forEach(shell.terminal.print)
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
