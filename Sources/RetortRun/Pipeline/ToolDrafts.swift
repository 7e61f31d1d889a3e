internal import OrderedCollections
internal import RetortCore

/// The keys that every tool has, beside those of its kind.
struct ToolFields: Decodable {
  let uses: String
  let corpus: String?
  let description: String?
  let timeout: Double?
}

/// `tools:`, from what is written to what stages may offer.
extension PipelineReader {
  /// The tools without a mistake of their own. A tool with one is told once, and stages that name it are told no more.
  mutating func tools(
    _ written: [PipelineFile.ToolNode], models: OrderedDictionary<String, ModelSpec>, stages: [String]
  ) -> OrderedDictionary<String, ToolSpec> {
    var tools: OrderedDictionary<String, ToolSpec> = [:]
    for tool in written {
      checkName(of: tool)
      tools[tool.name] = spec(tool, models, stages) ?? .absent(tool.name)
    }
    return tools
  }

  private mutating func checkName(of tool: PipelineFile.ToolNode) {
    let isName = tool.name.wholeMatch(of: /[a-z][a-z0-9_]{0,63}/) != nil
    guard !isName else { return }
    report(
      tool.keyPlace,
      "expected a tool's name of lower-case letters, digits and '_', starting with a letter and no longer than 64, found "
        + "'\(tool.name)'")
  }

  private mutating func spec(
    _ tool: PipelineFile.ToolNode, _ models: OrderedDictionary<String, ModelSpec>, _ stages: [String]
  ) -> ToolSpec? {
    guard tool.node.entries != nil else {
      report(tool.node.place, "expected a mapping, found \(tool.node.found)")
      return nil
    }
    if tool.node["uses"] == nil, tool.node[entry: "launch"] != nil || tool.node[entry: "url"] != nil {
      return server(tool, models).map { ToolSpec($0) }
    }
    guard let uses = tool.node["uses"] else {
      report(
        tool.keyPlace,
        "expected the key 'uses', a kind of tool (\(kindNames)), or 'launch' or 'url' for a server, found none"
      )
      return nil
    }
    let kind = uses.string ?? uses.found
    guard let entry = catalog.tools.first(where: { $0.name == kind }) else {
      report(
        uses.place,
        "expected a kind of tool (\(kindNames)), found '\(kind)'"
          + NearestWord.hint(kind, in: catalog.tools.map(\.name)))
      return nil
    }
    let log = DecodingLog(folder: folder, models: models)
    let spec = log.decode(tool.node) {
      let decoder = NodeDecoder(tool.node, log: log)
      log.watch(decoder.keys)
      let fields = try ToolFields(from: decoder)
      let (config, bind) = try entry.configure(decoder)
      return ToolSpec(
        ToolDeclaration(name: tool.name, description: fields.description, timeout: fields.timeout),
        kind: entry, corpus: fields.corpus, config: config, bind: bind)
    }
    mistakes += log.mistakes
    guard let spec else { return nil }
    check(spec, tool, stages)
    return spec
  }

  private var kindNames: String { catalog.tools.map(\.name).joined(separator: ", ") }

  private mutating func check(_ spec: ToolSpec, _ tool: PipelineFile.ToolNode, _ stages: [String]) {
    if let timeout = spec.declaration.timeout, !(timeout > 0) {
      report(tool.node["timeout"]?.place ?? tool.keyPlace, "expected seconds above 0, found \(timeout)")
    }
    switch (spec.kind.corpus.isEmpty, spec.corpus) {
    case (false, nil):
      report(
        tool.keyPlace, "expected the key 'corpus', the stage whose rows '\(spec.name)' looks into, found none"
      )
    case (true, .some):
      report(
        tool.node[entry: "corpus"]?.keyPlace ?? tool.keyPlace,
        "expected no 'corpus', since '\(spec.kind.name)' looks into none, found one")
    case (false, let corpus?) where !stages.contains(corpus):
      report(
        tool.node["corpus"]?.place ?? tool.keyPlace,
        "expected a stage of this file, found '\(corpus)'\(NearestWord.hint(corpus, in: stages))")
    default: break
    }
    // What the keys' types cannot tell, the tool says itself.
    do { _ = try spec.tools(in: Workshop()) } catch {
      let words = "\(error)"
      let key = String(words.prefix { $0 != ":" })
      report(tool.node[entry: key]?.node.place ?? tool.keyPlace, words)
    }
  }

  /// A warning for each tool that no stage offers.
  func unusedTools(
    _ written: [PipelineFile.ToolNode], in drafts: OrderedDictionary<String, StageDraft>
  ) -> [Diagnostic] {
    let used = Set(drafts.values.flatMap { $0.tools.map(\.spec.name) })
    return written.filter { !used.contains($0.name) }.map {
      Diagnostic($0.keyPlace, "no stage offers '\($0.name)'; name it under 'tools:' of one, or leave it out")
    }
  }
}

extension PlacedNode {
  /// A key of a mapping with its place.
  subscript(entry key: String) -> Entry? { entries?[key] }
}

extension StageDraft {
  /// The corpora of the tools that the stage offers, by the role under which it is given them.
  var toolSets: OrderedDictionary<String, String> {
    OrderedDictionary(tools.compactMap { tool in tool.spec.corpus.map { (tool.spec.role, $0) } }) {
      first, _ in
      first
    }
  }
}

extension PipelineGraph {
  /// A corpus must have the columns that its tool reads.
  mutating func checkCorpora(_ draft: StageDraft) {
    for tool in draft.tools {
      guard let corpus = tool.spec.corpus, let columns = outputs[corpus], !columns.isOpen else { continue }
      for use in tool.spec.kind.corpus where use.required && !columns.certain.contains(use.name) {
        report(
          tool.place,
          "expected a corpus with the column '\(use.name)', which '\(tool.spec.name)' looks into, found '\(corpus)' ("
            + "\(columns.certain.joined(separator: ", "))); rename one with 'as:'"
            + NearestWord.hint(use.name, in: columns.certain))
      }
    }
  }
}
