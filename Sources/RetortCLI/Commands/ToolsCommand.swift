internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

struct ToolsCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "tools", abstract: "Print the tools of a pipeline file as a model will be offered them.")
  @OptionGroup var fileOptions: FileOptions
  @Flag(name: .long, help: "Print JSON, as requests have it.") var json = false

  func perform(in shell: Shell) async throws {
    let pipeline = try fileOptions.read(in: shell)
    let offers = try pipeline.tools.map { ($0, try $0.tool(in: Workshop()).offer) }
    if json { return shell.terminal.print(JSON.array(offers.map(\.1.json)).text) }
    if offers.isEmpty { return shell.terminal.print("\(fileOptions.file): no tools") }
    for (place, (spec, offer)) in offers.enumerated() {
      if place > 0 { shell.terminal.print("") }
      Self.lines(spec, offer, screen: shell.terminal.screen).forEach(shell.terminal.print)
    }
  }

  private static func lines(_ spec: ToolSpec, _ offer: ToolOffer, screen: Int?) -> [String] {
    let corpus = spec.corpus.map { " over \($0)" } ?? ""
    var lines = ["\(offer.name) (\(spec.kind.name)\(corpus))"]
    lines += ShowPage.broken("  " + offer.description, indented: 2, screen: screen)
    let required = Set((offer.parameters["required"]?.array ?? []).compactMap(\.string))
    for (name, schema) in offer.parameters["properties"]?.object ?? [:] {
      let kind = schema["type"]?.string ?? "any value"
      let must = required.contains(name) ? ", required" : ""
      let line = "  \(name) (\(kind)\(must)): \(schema["description"]?.string ?? "")"
      lines += ShowPage.broken(line, indented: 4, screen: screen)
    }
    return lines
  }
}
