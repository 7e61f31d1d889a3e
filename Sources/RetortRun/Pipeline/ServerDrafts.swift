internal import OrderedCollections
internal import RetortCore

/// The keys of a tool that is a server.
struct ToolServerFields: Decodable {
  let launch: ProgramLine?
  let url: String?
  let only: [String]?
  let session: ToolServer.Session?
  let effect: ToolEffect?
  let sandbox: Bool?
  let revision: String?
  let keyEnv: String?
  let timeout: Double?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case launch, url, only, session, effect, sandbox, revision, timeout
    case keyEnv = "key_env"
  }

  /// For the editor's schema: what each is.
  static let help: [String: String] = [
    "launch":
      "A server that speaks the Model Context Protocol on standard input and output: program and arguments.",
    "url": "A server that speaks it over streamable HTTP.",
    "only": "The names of its tools that are offered; default all.",
    "session":
      "run (one for all, the default) or rollout (each rollout has its own, which may remember its calls).",
    "effect":
      "pure (same arguments, same answer), snapshot (true when it was asked) or effect (it changes the world; the "
      + "default).",
    "sandbox": "Whether it is started without a network, other files than its own, and with bounds.",
    "revision": "What its answers depend on beside the launched file: another one asks anew.",
    "key_env": "The variable with the key that is sent to the address.",
  ]
}

/// Servers under `tools:`, from what is written to what is reached.
extension PipelineReader {
  mutating func server(
    _ tool: PipelineFile.ToolNode, _ models: OrderedDictionary<String, ModelSpec>
  ) -> ToolServer? {
    let log = DecodingLog(folder: folder, models: models)
    let fields = log.decode(tool.node) {
      let decoder = NodeDecoder(tool.node, log: log)
      log.watch(decoder.keys)
      return try ToolServerFields(from: decoder)
    }
    mistakes += log.mistakes
    guard let fields, let place = place(of: tool, fields) else { return nil }
    var server = ToolServer(name: tool.name, place: place, only: fields.only)
    server.session = fields.session ?? .run
    server.effect = fields.effect ?? .effect
    server.isSandboxed = fields.sandbox ?? false
    server.revision = fields.revision
    server.keyEnv = fields.keyEnv
    server.timeout = fields.timeout ?? ToolServer.defaultTimeout
    check(server, fields, tool)
    return server
  }

  private mutating func place(of tool: PipelineFile.ToolNode, _ fields: ToolServerFields) -> ToolServer.Place?
  {
    switch (fields.launch, fields.url) {
    case (let program?, nil):
      return .launch(program, variables: Set(tool.node["launch"]?.list?.flatMap(\.variables) ?? []))
    case (nil, let url?):
      if let mistake = EndpointCheck.mistake(in: url, of: .chat) {
        report(tool.node["url"]?.place ?? tool.keyPlace, mistake)
      }
      return .url(url)
    case (_?, _?):
      report(
        tool.node[entry: "url"]?.keyPlace ?? tool.keyPlace, "expected either 'launch' or 'url', found both")
      return nil
    case (nil, nil): return nil
    }
  }

  private mutating func check(_ server: ToolServer, _ fields: ToolServerFields, _ tool: PipelineFile.ToolNode)
  {
    func place(_ key: String) -> FilePosition { tool.node[entry: key]?.keyPlace ?? tool.keyPlace }
    if server.session == .rollout, !server.isSandboxed, fields.effect == nil {
      report(
        tool.keyPlace,
        "expected the key 'effect' (pure, snapshot or effect) of a server with a session for each rollout outside the "
          + "sandbox, found none")
    }
    if server.isSandboxed, fields.url != nil {
      report(place("sandbox"), "expected 'launch' with 'sandbox', which is for programs, found 'url'")
    }
    if fields.keyEnv != nil, fields.url == nil {
      report(place("key_env"), "expected 'url' with 'key_env', which is sent to it, found 'launch'")
    }
    if let name = fields.keyEnv,
      let mistake = EndpointCheck.mistake(inVariable: name, set: environment.variables)
    {
      report(place("key_env"), mistake)
    }
    if let timeout = fields.timeout, !(timeout > 0) {
      report(tool.node["timeout"]?.place ?? tool.keyPlace, "expected seconds above 0, found \(timeout)")
    }
    if fields.only?.isEmpty == true {
      report(place("only"), "expected at least one name, found none; leave the key out for all")
    }
    let names = fields.only ?? []
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      report(place("only"), "expected each name once, found '\(twice)' again")
    }
  }

  /// What two tools are both called can be told before a server is asked, where the file names it.
  mutating func checkOffers(_ written: [PipelineFile.ToolNode], _ tools: OrderedDictionary<String, ToolSpec>)
  {
    var known: [String: String] = [:]
    for tool in written {
      guard let spec = tools[tool.name] else { continue }
      for name in Set(spec.server.map { $0.only ?? [] } ?? [spec.name]).sorted() {
        if let other = known.updateValue(tool.name, forKey: name) {
          report(
            tool.node[entry: "only"]?.keyPlace ?? tool.keyPlace,
            "expected tools of different names, found '\(name)' of '\(tool.name)' and of '\(other)'")
        }
      }
    }
  }
}
