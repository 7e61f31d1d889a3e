internal import Foundation
internal import OrderedCollections
package import RetortCore

/// The reference of the stage kinds in Markdown, made from what they declare: `docs/stages.md`.
package enum StageReference {
  /// The whole page, without a line end behind its last line.
  package static func markdown(_ catalog: Catalog) -> String {
    let index = catalog.kinds.map { entry in
      "| [\(code(entry.name))](#\(entry.name)) | \(takes(entry)) | \(cell(entry.summary)) |"
    }
    let head = ["| stage | takes | what it does |", "| --- | --- | --- |"]
    let stages = [introduction, (head + index).joined(separator: "\n")] + catalog.kinds.map { section($0) }
    let tools = catalog.tools.isEmpty ? [] : [toolsIntroduction] + catalog.tools.map { section($0) }
    return (stages + tools).joined(separator: "\n\n")
  }

  /// One kind of tool, with its keys.
  package static func section(_ tool: ToolEntry) -> String {
    let keys = tool.configShape().keys.map { key in
      "| \(code(key.name)) | \(cell(key.value.description)) | \(cell(tool.keys[key.name] ?? "")) |"
    }
    let table = keys.isEmpty ? [] : ["", "| key | takes | meaning |", "| --- | --- | --- |"] + keys
    return (["### \(tool.name)", "", cell(tool.summary), "", "- \(cell(use(of: tool)))"] + table)
      .joined(separator: "\n")
  }

  /// What a kind of tool looks into.
  package static func use(of tool: ToolEntry) -> String {
    guard !tool.corpus.isEmpty else { return "Version \(tool.version); looks into no corpus." }
    let required = tool.corpus.filter(\.required).map { code($0.name) }.joined(separator: ", ")
    let optional = tool.corpus.filter { !$0.required }.map { code($0.name) }.joined(separator: ", ")
    let others = optional.isEmpty ? "" : ", and \(optional) where a row has them"
    return
      "Version \(tool.version); looks into the stage under `corpus:`, of which it reads \(required)\(others)."
  }

  private static let toolsIntroduction = """
    ## Tools

    What `tools:` of a file may declare ([tools.md](tools.md)). All have `description:`, which replaces what a model is told
    of them, and `timeout:`, in seconds.
    """

  /// One kind: what it takes, reads and adds, its keys and its sets.
  package static func section(_ entry: StageEntry) -> String {
    var lines = ["## \(entry.name)", "", cell(entry.summary), ""]
    lines += facts(entry).map { "- \(cell($0))" }
    if !entry.keys.isEmpty {
      lines += ["", "| key | takes | meaning |", "| --- | --- | --- |"]
      lines += entry.configShape().keys.map { key in
        let name = key.required ? "**\(code(key.name))**" : code(key.name)
        return "| \(name) | \(cell(key.value.description)) | \(cell(entry.keys[key.name] ?? "")) |"
      }
    }
    return lines.joined(separator: "\n")
  }

  /// A kind's version, what it takes, reads and adds, and its sets: a sentence each.
  package static func facts(_ entry: StageEntry) -> [String] {
    let bound = StageSample.bound(entry)
    var facts = ["Version \(entry.version); takes \(takes(entry))."]
    if !entry.isReader { facts.append("Reads \(reads(bound, entry)).") }
    facts.append("\(entry.makesRows ? "Makes rows with" : "Adds") \(adds(bound, entry)).")
    if let tools = addsWithTools(entry, bound) { facts.append("With `tools`, adds \(tools).") }
    for role in entry.sets {
      let columns = role.columns.isEmpty ? "" : " Reads \(role.columns.map(code).joined(separator: ", "))."
      let optional = role.required ? "" : " (optional)"
      facts.append("Under `using:` \(code(role.name))\(optional): \(role.help)\(columns)")
    }
    return facts
  }

  private static let introduction = """
    # Stages

    Written by `retort stages --markdown` (`make docs`) from what the stages declare; do not edit it.

    A key in bold is required. Columns are those that a stage reads and adds with its other keys left out; a column in
    italics is the one that the key of that name says. A stage that takes a set of rows waits for all of them, or, under
    `per:`, for those of one group. `as:` writes an added column under another name.
    """

  private static func takes(_ entry: StageEntry) -> String {
    if entry.isReader { return "nothing" }
    if !entry.isSet { return "one row at a time" }
    return entry.exports ? "a set of rows, to write files" : "a set of rows"
  }

  private static func reads(_ bound: BoundStage?, _ entry: StageEntry) -> String {
    guard let bound else { return "what its keys say" }
    let required = list(bound.reads.filter(\.required).map(\.name), entry)
    let optional = list(bound.reads.filter { !$0.required }.map(\.name), entry)
    switch (required.isEmpty, optional.isEmpty) {
    case (true, true): return "no column unless its keys name one"
    case (false, true): return required
    case (true, false): return "\(optional) where a row has them"
    case (false, false): return "\(required), and \(optional) where a row has them"
    }
  }

  private static func adds(_ bound: BoundStage?, _ entry: StageEntry) -> String {
    guard let adds = bound.map(\.adds) ?? entry.adds else {
      return entry.isReader
        ? "the columns that its keys or its file name" : "what its keys say or only a run can tell"
    }
    return adds.isEmpty ? "no column" : list(adds, entry)
  }

  /// The columns of a stage whose model may call tools, where they are others.
  private static func addsWithTools(_ entry: StageEntry, _ bound: BoundStage?) -> String? {
    guard entry.configShape().keys.contains(where: { $0.name == "tools" && $0.value == .list(.tool) }),
      let adds = StageSample.bound(entry, with: "tools")?.adds, adds != bound?.adds
    else { return nil }
    return list(adds, entry)
  }

  /// A column that has the name of a required key is the one that the key was made to say.
  private static func list(_ columns: [String], _ entry: StageEntry) -> String {
    let keys = entry.configShape().keys.filter(\.required).map(\.name)
    return columns.map { keys.contains($0) ? "*\($0)*" : code($0) }.joined(separator: ", ")
  }

  private static func code(_ text: String) -> String { "`\(text)`" }

  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("<", with: "\\<")
  }
}

/// A stage with nothing but its required keys, and its models where it needs them, to ask for its columns.
private struct StageSample {
  /// What a path stands for.
  let emptyFile: URL

  /// Nil where made-up values of its required keys will not do.
  ///
  /// - Parameter key: one that it has beside those.
  static func bound(_ entry: StageEntry, with key: String? = nil) -> BoundStage? {
    let file = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString).txt")
    guard FileManager.default.createFile(atPath: file.path, contents: nil) else { return nil }
    defer { try? FileManager.default.removeItem(at: file) }
    let sample = StageSample(emptyFile: file)
    return ModelSpec.Kind.allCases.lazy.compactMap {
      sample.bound(entry, modelsOf: $0) { $0.required || $0.name == key }
        ?? sample.bound(entry, modelsOf: $0) { $0.required || $0.name == key || $0.value == .model }
    }.first
  }

  private func bound(
    _ entry: StageEntry, modelsOf kind: ModelSpec.Kind, having isHad: (ConfigShape.Key) -> Bool
  ) -> BoundStage? {
    let log = DecodingLog(
      folder: URL(filePath: "/"), models: ["model": ModelSpec(alias: "model", name: "model", kind: kind)],
      tools: ["tool": .absent("tool")])
    let environment = EnvironmentReader(variables: [:])
    // JSON is YAML.
    guard
      let with = PlacedNode(
        yaml: object(entry.configShape(), having: isHad).text, file: "", environment: environment,
        report: { _ in }),
      let configured = log.decode(with, { try entry.configure(NodeDecoder(with, log: log)) })
    else { return nil }
    let sets = entry.sets.filter(\.required).map { ($0.name, RowSet<Columns>([])) }
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: InertModels(), sets: Dictionary(uniqueKeysWithValues: sets))
    return try? configured.bind(workspace)
  }

  private func object(_ shape: ConfigShape, having isHad: (ConfigShape.Key) -> Bool = { $0.required }) -> JSON
  {
    let keys = shape.keys.filter(isHad).map { ($0.name, value($0.value, of: $0.name)) }
    return .object(JSON.Object(uniqueKeysWithValues: keys))
  }

  private func value(_ value: ConfigShape.Value, of key: String) -> JSON {
    switch value {
    case .any: .null
    case .string: .string(key)
    case .integer, .number: .int(1)
    case .boolean: .bool(false)
    case .model: .string("model")
    case .tool: .string("tool")
    case .stage: .string("stage")
    case .textFile, .dataFile, .dataFiles, .structureFile: .string(emptyFile.path)
    case .choice(let words): .string(words[0])
    case .list(let element): .array([self.value(element, of: key)])
    case .map(let element): [key: self.value(element, of: key)]
    case .object(let shape): object(shape)
    }
  }
}
