/// What the tools of a stage need of whoever performs it.
package struct ToolServices: Sendable {
  let memory: any ToolMemory
  let library: any TextLibrary
  let images: any ImageShelf
  let origin: CallOrigin
  /// The digests of the whole-set inputs, by role.
  let digests: [String: Digest]
  /// How often each tool was asked anew, by name.
  let takes: [String: Int]
  let servers: any ToolServers
  /// What servers offer, by the name of each.
  let offers: [String: [ToolOffer]]

  package init(
    memory: any ToolMemory = NoToolMemory(), library: any TextLibrary = NoLibrary(),
    images: any ImageShelf = NoImages(), origin: CallOrigin = CallOrigin(), digests: [String: Digest] = [:],
    takes: [String: Int] = [:], servers: any ToolServers = NoToolServers(),
    offers: [String: [ToolOffer]] = [:]
  ) {
    self.memory = memory
    self.library = library
    self.images = images
    self.origin = origin
    self.digests = digests
    self.takes = takes
    self.servers = servers
    self.offers = offers
  }

  /// Some tools, ready to be called. Errors: ``StageError``.
  ///
  /// - Parameters:
  ///   - sets: the whole-set inputs, by role.
  ///   - say: as ``Workspace/say``.
  package func toolbox(
    _ tools: [ToolSpec], sets: [String: RowSet<Columns>], say: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> Toolbox {
    let made = try tools.flatMap { spec in
      let corpus = sets[spec.role].map {
        Corpus(digest: digests[spec.role] ?? Digest(of: "\($0.count)"), rows: $0)
      }
      return try spec.tools(
        in: Workshop(
          corpus: corpus, library: library, images: images, servers: servers, offers: offers[spec.name]))
    }
    return try Toolbox(made, memory: memory, origin: origin, takes: takes, say: say)
  }
}

extension Workspace {
  /// The tools that a stage names, ready to be called. Errors: ``StageError``.
  package func toolbox(_ tools: [ToolRef]) throws -> Toolbox {
    try self.tools.toolbox(tools.map(\.spec), sets: sets, say: say)
  }
}
