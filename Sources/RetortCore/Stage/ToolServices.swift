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

  package init(
    memory: any ToolMemory = NoToolMemory(), library: any TextLibrary = NoLibrary(),
    images: any ImageShelf = NoImages(), origin: CallOrigin = CallOrigin(), digests: [String: Digest] = [:],
    takes: [String: Int] = [:]
  ) {
    self.memory = memory
    self.library = library
    self.images = images
    self.origin = origin
    self.digests = digests
    self.takes = takes
  }
}

extension Workspace {
  /// The tools that a stage names, ready to be called. Errors: ``StageError``.
  package func toolbox(_ tools: [ToolRef]) throws -> Toolbox {
    let made = try tools.map(\.spec).map { spec in
      let corpus = sets[spec.role].map {
        Corpus(digest: self.tools.digests[spec.role] ?? Digest(of: "\($0.count)"), rows: $0)
      }
      return try spec.tool(
        in: Workshop(corpus: corpus, library: self.tools.library, images: self.tools.images))
    }
    return try Toolbox(made, memory: self.tools.memory, origin: self.tools.origin, takes: self.tools.takes)
  }
}
