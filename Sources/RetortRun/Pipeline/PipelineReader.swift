package import Foundation
internal import OrderedCollections
package import RetortCore
internal import RetortStore

extension Pipeline {
  /// Reads and checks a pipeline file. Nothing is called, started or downloaded.
  ///
  /// `settings` are changes of the form `a.b=c`. Errors: ``PipelineErrors``, with every mistake that was found.
  package static func read(
    _ file: URL, catalog: Catalog,
    environment: [String: String] = ProcessInfo.processInfo.environment, settings: [String] = []
  ) throws -> Pipeline {
    var reader = PipelineReader(
      file: file, catalog: catalog, environment: EnvironmentReader(variables: environment))
    return try reader.read(settings: settings)
  }
}

/// Looks up what a pipeline file names, and checks it as a whole.
struct PipelineReader {
  let file: URL
  let catalog: Catalog
  let environment: EnvironmentReader
  var mistakes: [Diagnostic] = []
  /// Those that the file declares.
  var tools: OrderedDictionary<String, ToolSpec> = [:]

  var folder: URL { file.deletingLastPathComponent() }

  init(file: URL, catalog: Catalog, environment: EnvironmentReader) {
    self.file = file
    self.catalog = catalog
    self.environment = environment
  }

  mutating func read(settings: [String]) throws -> Pipeline {
    let (text, parsed) = try parse()
    var root = parsed
    let changes = PipelineSettings(environment: environment)
    for setting in settings { root = changes.apply(setting, to: root) { mistakes.append($0) } }

    let log = DecodingLog(folder: folder)
    var rounds = RoundsRewrite(root, catalog: catalog, log: log)
    let written = PipelineFile(rounds.unrolled(), rounds: rounds, log: log)
    mistakes += log.mistakes + rounds.mistakes
    let secrets = FileSecrets(root, environment: environment)
    var models: OrderedDictionary<String, ModelSpec> = [:]
    for entry in written.models {
      models[entry.alias] = model(entry)
      models[entry.alias]?.keysInFile = secrets.texts
    }
    checkNames(of: rounds)
    if root["stages"]?.entries?.isEmpty == true {
      report(root.place(of: "stages"), "expected at least one stage, found none")
    }
    checkNames(written.stages)

    tools = tools(written.tools, models: models, stages: written.stages.filter { $0.made == nil }.map(\.name))
    checkOffers(written.tools, tools)
    var drafts: OrderedDictionary<String, StageDraft> = [:]
    for stage in written.stages { drafts[stage.name] = draft(stage, models: models) }
    for draft in drafts.values { checkAbilities(draft, models) }
    bind(&drafts, models)
    checkModels(of: rounds, in: drafts)
    var graph = PipelineGraph(drafts: drafts, file: file)
    graph.check()
    mistakes += graph.mistakes
    mistakes = rounds.toldOnce(mistakes)
    let warnings = rounds.toldOnce(
      secrets.warnings + graph.warnings + graph.lostPrompts() + unusedTools(written.tools, in: drafts))
    try throwMistakes()

    let name = file.deletingPathExtension().lastPathComponent
    let keys = Redaction(secrets.texts)
    return Pipeline(
      name: name, file: file, models: models, tools: tools.map(\.value), stages: graph.stages(),
      warnings: warnings, notes: rounds.toldOnce(graph.unknownColumns()),
      catalog: catalog, redaction: keys,
      variables: environment.variables(of: root, text: text, keys: keys))
  }

  private mutating func parse() throws -> (text: String, root: PlacedNode) {
    let start = FilePosition(file: file.relativePath, line: 1, column: 1)
    guard let data = try? Data(contentsOf: file) else {
      throw PipelineErrors([Diagnostic(start, "expected a readable pipeline file, found none")])
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw PipelineErrors([Diagnostic(start, "expected YAML in UTF-8, found other bytes")])
    }
    let root = PlacedNode(yaml: text, file: start.file, environment: environment) { mistakes.append($0) }
    guard let root else {
      try throwMistakes()
      throw PipelineErrors([Diagnostic(start, "expected YAML")])
    }
    return (text, root)
  }

  /// The file's own mistakes first, in the order of their places; then those of other files.
  private func throwMistakes() throws {
    guard !mistakes.isEmpty else { return }
    let main = file.relativePath
    let sorted = OrderedSet(mistakes).sorted {
      ($0.file == main ? 0 : 1, $0.file, $0.line, $0.column)
        < ($1.file == main ? 0 : 1, $1.file, $1.line, $1.column)
    }
    throw PipelineErrors(sorted)
  }

  mutating func report(_ place: FilePosition, _ message: String) {
    mistakes.append(Diagnostic(place, message))
  }
}

// MARK: - Names

extension PipelineReader {
  private mutating func checkNames(_ stages: [PipelineFile.StageNode]) {
    for stage in stages where stage.made == nil { checkName(stage.name, stage.keyPlace) }
  }

  private mutating func checkNames(of rounds: RoundsRewrite) {
    for block in rounds.blocks.values {
      checkName(block.name, block.keyPlace)
      for (name, entry) in block.stages { checkName(name, entry.keyPlace) }
    }
  }

  private mutating func checkName(_ name: String, _ place: FilePosition) {
    let letters = Array(name.utf8)
    let allowed = letters.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    if !allowed || !(97...122).contains(letters.first ?? 0) {
      report(
        place,
        "expected a stage name of lower-case letters, digits and '_', starting with a letter, found '\(name)'"
      )
    } else if Store.reservedNames.contains(name) || name.contains("__") || name.hasPrefix("sqlite_") {
      report(place, "expected another stage name, found '\(name)', which the store uses itself")
    }
  }
}

// MARK: - Models

extension PipelineReader {
  /// The model, or a stand-in for one with mistakes, so that its alias is known.
  private mutating func model(_ entry: PipelineFile.ModelEntry) -> ModelSpec {
    guard let fields = entry.fields else { return ModelSpec(alias: entry.alias, name: "") }
    var spec = ModelSpec(alias: entry.alias, name: fields.name, kind: fields.kind ?? .chat)
    spec.api = fields.api ?? .openai
    spec.apiVersion = fields.apiVersion
    spec.reasoningEffort = fields.reasoningEffort
    spec.thinkingBudget = fields.thinkingBudget
    spec.revision = fields.revision
    spec.endpoint = fields.endpoint
    spec.launch = fields.launch
    spec.launchVariables = Set(entry.node["launch"]?.list?.flatMap(\.variables) ?? [])
    spec.apiKeyEnv = fields.apiKeyEnv
    spec.keyHeader = fields.keyHeader
    spec.headersEnv = fields.headersEnv ?? [:]
    spec.headers = fields.headers ?? [:]
    spec.extraBody = fields.extraBody?.values ?? [:]
    spec.concurrency = fields.concurrency ?? spec.concurrency
    spec.rpm = fields.rpm
    spec.tpm = fields.tpm
    spec.timeout = fields.timeout ?? spec.timeout
    spec.retries = fields.retries ?? spec.retries
    spec.price = fields.price.map {
      ModelSpec.Price(
        input: $0.input, output: $0.output, cachedInput: $0.cachedInput, writtenInput: $0.writtenInput)
    }
    spec.maxTokensField = fields.maxTokensField
    spec.maxInputs = fields.maxInputs.map { max(1, $0) }
    spec.omit = Set(fields.omit ?? [])
    spec.coordinates = fields.coordinates
    spec.maxPixels = fields.maxPixels.map { max(1, $0) }
    check(fields, entry)
    checkAPI(spec, entry)
    return spec
  }

  /// Most calls of a model in flight, and most USD per million tokens: what is beyond is a slip of the pen.
  private static let (mostAtOnce, highestPrice) = (100_000, 1e9)

  private mutating func check(_ fields: ModelFields, _ entry: PipelineFile.ModelEntry) {
    let node = entry.node
    let known = Set(mistakes.map { FilePosition(file: $0.file, line: $0.line, column: $0.column) })
    func report(_ place: FilePosition, _ message: String) {
      // A placeholder is no second mistake.
      if !known.contains(place) { self.report(place, message) }
    }
    func place(_ key: String) -> FilePosition { node[key]?.place ?? entry.keyPlace }
    if node["name"] != nil, fields.name.isEmpty {
      report(place("name"), "expected the model's name, found ''")
    }
    switch (fields.endpoint, fields.launch) {
    case (nil, nil): report(entry.keyPlace, "expected the key 'endpoint' or 'launch', found neither")
    case (_?, _?): report(place("launch"), "expected either 'endpoint' or 'launch', found both")
    case (let endpoint?, nil):
      if let mistake = EndpointCheck.mistake(
        in: endpoint, of: fields.kind ?? .chat, api: fields.api ?? .openai)
      {
        report(place("endpoint"), mistake)
      }
    case (nil, let launch?):
      if let command = launch.first {
        let path = URL(filePath: command, relativeTo: folder).path
        if !FileManager.default.isExecutableFile(atPath: path) {
          report(
            place("launch"), "expected a program to launch, found none at '\(command)' in this file's folder")
        }
      } else {
        report(place("launch"), "expected a command, found an empty list")
      }
    }
    if let kind = fields.kind, fields.omit != nil, ![.chat, .judge].contains(kind) {
      report(place("omit"), "expected 'omit' on a model of kind chat or judge, found it on \(kind.rawValue)")
    }
    for (key, isSet) in [
      ("coordinates", fields.coordinates != nil), ("max_pixels", fields.maxPixels != nil),
    ] {
      if let kind = fields.kind, isSet, ![.chat, .judge].contains(kind) {
        report(place(key), "expected '\(key)' on a model of kind chat or judge, found it on \(kind.rawValue)")
      }
    }
    for (place, mistake) in headerMistakes(fields, entry) { report(place, mistake) }
    for (key, value) in [
      ("concurrency", fields.concurrency.map(Double.init)), ("rpm", fields.rpm), ("tpm", fields.tpm),
      ("timeout", fields.timeout), ("max_inputs", fields.maxInputs.map(Double.init)),
      ("max_pixels", fields.maxPixels.map(Double.init)),
    ] {
      if let value, !(value > 0) { report(place(key), "expected a number above 0, found \(value.short)") }
    }
    if let concurrency = fields.concurrency, concurrency > Self.mostAtOnce {
      report(place("concurrency"), "expected at most \(Self.mostAtOnce), found \(concurrency)")
    }
    if let retries = fields.retries, retries < 0 {
      report(place("retries"), "expected 0 or more, found \(retries)")
    }
    for (key, value) in [
      ("input", fields.price?.input), ("output", fields.price?.output),
      ("cached_input", fields.price?.cachedInput), ("written_input", fields.price?.writtenInput),
    ] {
      if let value, !(0...Self.highestPrice).contains(value) {
        let place = node["price"]?[key]?.place ?? entry.keyPlace
        report(
          place,
          value < 0
            ? "expected a price of 0 or more, found \(value.short)"
            : "expected a price of at most \(Self.highestPrice.short) USD per million tokens, found \(value)")
      }
    }
  }
}

// MARK: - Keys and headers

extension PipelineReader {
  private func headerMistakes(_ fields: ModelFields, _ entry: PipelineFile.ModelEntry) -> [(
    FilePosition, String
  )] {
    var mistakes: [(FilePosition, String)] = []
    let node = entry.node
    func place(_ key: String, _ header: String? = nil) -> FilePosition {
      if let header, let found = node[key]?.entries?[header] { return found.keyPlace }
      return node[key]?.place ?? entry.keyPlace
    }
    func note(_ place: FilePosition, _ mistake: String?) {
      if let mistake { mistakes.append((place, mistake)) }
    }
    let headers = fields.headers ?? [:]
    let secret = fields.headersEnv ?? [:]
    for name in headers.keys.sorted() {
      note(place("headers", name), EndpointCheck.mistake(inHeader: name))
      guard SecretName.says(name) else { continue }
      note(
        place("headers", name),
        "expected headers without a key, found '\(name)'; name the variable that holds its value under headers_env, or, "
          + "where it carries the model's key, under api_key_env, with 'key_header: \(name)'")
    }
    if let name = fields.apiKeyEnv {
      note(place("api_key_env"), EndpointCheck.mistake(inVariable: name, set: environment.variables))
    }
    if let name = fields.keyHeader {
      note(place("key_header"), EndpointCheck.mistake(inHeader: name))
      if fields.apiKeyEnv == nil {
        note(place("key_header"), "expected the key 'api_key_env' beside key_header, found none")
      }
    }
    let key = fields.apiKeyEnv == nil ? [] : [(fields.keyHeader ?? "authorization").lowercased()]
    var known = Set(key + headers.keys.map { $0.lowercased() })
    for (name, variable) in secret.sorted(by: { $0.key < $1.key }) {
      note(place("headers_env", name), EndpointCheck.mistake(inHeader: name))
      note(
        node["headers_env"]?[name]?.place ?? entry.keyPlace,
        EndpointCheck.mistake(inVariable: variable, set: environment.variables))
      if !known.insert(name.lowercased()).inserted {
        note(place("headers_env", name), "expected each header once, found '\(name)' again")
      }
    }
    return mistakes
  }
}

extension Double {
  /// Without a fraction where there is none.
  fileprivate var short: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
