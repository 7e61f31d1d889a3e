internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

struct ToolsCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "tools", abstract: "Print the tools of a pipeline file as a model will be offered them.",
    discussion:
      "What servers offer is what the store remembers of them; one that was never asked is started and asked."
  )
  @OptionGroup var fileOptions: FileOptions
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Print JSON, as requests have it.") var json = false

  func perform(in shell: Shell) async throws {
    let pipeline = try fileOptions.read(in: shell)
    let offers = try await offers(pipeline, in: shell)
    if json { return shell.terminal.print(JSON.array(offers.map(\.1.json)).text) }
    if offers.isEmpty { return shell.terminal.print("\(fileOptions.file): no tools") }
    for (place, (spec, offer)) in offers.enumerated() {
      if place > 0 { shell.terminal.print("") }
      Self.lines(spec, offer, screen: shell.terminal.screen).forEach(shell.terminal.print)
    }
  }

  private func offers(_ pipeline: Pipeline, in shell: Shell) async throws -> [(ToolSpec, ToolOffer)] {
    let endpoints = Endpoints(of: pipeline, shell.environment, Interruption())
    defer { endpoints.stop() }
    var offers: [(ToolSpec, ToolOffer)] = []
    for spec in pipeline.tools {
      guard let server = spec.server else {
        offers += try spec.tools(in: Workshop()).map { (spec, $0.offer) }
        continue
      }
      let remembered = try await storeOptions.looking(in: shell) {
        try await RememberedOffers($0.tools).offers(of: server)
      }
      do {
        let found = if let remembered { remembered } else { try await endpoints.servers.offers(of: server) }
        offers += found.map { (spec, $0) }
      } catch { throw CommandFailure.cannotRun("\(error)") }
    }
    return offers
  }

  private static func lines(_ spec: ToolSpec, _ offer: ToolOffer, screen: Int?) -> [String] {
    let corpus = spec.corpus.map { " over \($0)" } ?? ""
    let kind = spec.server.map { "of the server \($0.name)" } ?? spec.kind.name
    var lines = ["\(offer.name) (\(kind)\(corpus))"]
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
