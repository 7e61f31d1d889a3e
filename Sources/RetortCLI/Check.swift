internal import ArgumentParser
internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages

/// The pipeline file and what may be changed in it from the command line.
struct FileOptions: ParsableArguments {
  @Argument(help: "The pipeline file.") var file: String
  @Option(name: .long, help: "Set a key of the file: stages.rationale.with.samples=8.") var set: [String] = []

  func read(in shell: Shell) throws -> Pipeline {
    let pipeline = try Pipeline.read(
      shell.url(file), catalog: .standard, environment: shell.environment, settings: set)
    shell.terminal.warn(pipeline.warnings)
    return pipeline
  }
}

struct Check: Command {
  static let configuration = CommandConfiguration(
    abstract: "Check a pipeline file: every mistake at once, no call made.")
  @OptionGroup var fileOptions: FileOptions
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Check the files that its exports wrote against their manifests, too.")
  var exports = false

  func perform(in shell: Shell) async throws {
    let pipeline = try fileOptions.read(in: shell)
    do {
      try await storeOptions.looking(in: shell) {
        try await storeOptions.refuseObstacles(pipeline, RunOptions(), store: $0, in: shell)
      }
    } catch let error as StoreError {
      shell.terminal.complain("not checked, what stands where the exports write: \(error)")
    }
    shell.terminal.print(
      "\(fileOptions.file): \(pipeline.stages.count) stages, \(pipeline.models.count) models, no mistake found"
    )
    for note in try Pipeline.trustNotes(
      on: shell.url(fileOptions.file), environment: shell.environment, settings: fileOptions.set)
    {
      shell.terminal.print("note: \(Terminal.safe(note))")
    }
    if exports { try report(ExportCheck(pipeline), in: shell) }
  }
}

extension Check {
  private func report(_ check: ExportCheck, in shell: Shell) throws {
    for export in check.whole {
      shell.terminal.print(
        "\(export.stage): \(export.rows) rows\(export.complete ? "" : ", incomplete"), as \(export.manifest) says"
      )
    }
    guard check.problems.isEmpty else {
      throw CommandFailure.cannotRun(check.problems.joined(separator: "\nerror: "))
    }
  }
}

struct Stages: Command {
  static let configuration = CommandConfiguration(abstract: "List the stage kinds, or one with its keys.")
  @Argument(help: "A stage kind.") var name: String?
  @Flag(name: .long, help: "Print the reference in Markdown, as docs/stages.md has it.") var markdown = false

  func perform(in shell: Shell) async throws {
    guard let name else {
      if markdown { return shell.terminal.print(StageReference.markdown(.standard)) }
      let rows = Catalog.standard.kinds.map { [JSON.string($0.name), .string($0.summary)] }
      return Terminal.lines(of: Table(columns: ["stage", "what it does"], rows: rows), width: 200)
        .forEach(shell.terminal.print)
    }
    guard let entry = Catalog.standard[name] else {
      throw CommandFailure.usage("expected a stage kind, found '\(name)'; `retort stages` lists them")
    }
    if markdown { return shell.terminal.print(StageReference.section(entry)) }
    shell.terminal.print("\(entry.name)\n\(entry.summary)\n")
    for fact in StageReference.facts(entry) { shell.terminal.print("  \(fact)") }
    shell.terminal.print("")
    for key in entry.configShape().keys {
      let required = key.required ? ", required" : ""
      shell.terminal.print("  \(key.name) (\(key.value)\(required)): \(entry.keys[key.name] ?? "")")
    }
  }
}

struct Schema: Command {
  static let configuration = CommandConfiguration(
    abstract: "Print the JSON Schema of pipeline files, for editors.")

  func perform(in shell: Shell) async throws { shell.terminal.print(PipelineSchema.json(.standard).text) }
}

struct Doctor: Command {
  static let configuration = CommandConfiguration(
    abstract: "Say what this machine lacks, for a pipeline file or in general.")
  @Argument(help: "A pipeline file, to say which of its models' keys are set.") var file: String?

  func perform(in shell: Shell) async throws {
    let models =
      try file.map { try Pipeline.read(shell.url($0), environment: shell.environment).models.values.elements }
      ?? []
    let python = Self.find("python3", in: shell)
    shell.terminal.print(
      "python3 (local models, trainer scripts): \(python ?? "not found; apt-get install python3")")
    Self.keys(models, shell.environment).forEach(shell.terminal.print)
    let isFetched = FileManager.default.fileExists(atPath: shell.path(".models/engine/.complete"))
    shell.terminal.print("local model: \(isFetched ? "ready in .models" : "not fetched; `make models`")")
  }

  /// Of each variable that an `api_key_env` or `headers_env` names, whether it is set, and whose it is.
  static func keys(_ models: [ModelSpec], _ environment: [String: String]) -> [String] {
    guard !models.isEmpty else {
      let isSet = environment["OPENAI_API_KEY"]?.isEmpty == false
      let words = isSet ? "set" : "not set; only pipelines whose api_key_env names it need it"
      return ["OPENAI_API_KEY: \(words)"]
    }
    let uses = models.flatMap { model in
      (model.apiKeyEnv.map { [($0, "key", model.alias)] } ?? [])
        + model.headersEnv.sorted { $0.key < $1.key }.map { ($0.value, "header \($0.key)", model.alias) }
    }
    return OrderedDictionary(grouping: uses, by: \.0).map { name, uses in
      let isSet = environment[name]?.isEmpty == false
      let roles = OrderedDictionary(grouping: uses, by: \.1).map { role, uses in
        "\(role) of \(uses.map(\.2).joined(separator: ", "))"
      }
      let words = isSet ? "set" : "not set; a run stops before the first call without it"
      return "\(name) (\(roles.joined(separator: "; "))): \(words)"
    }
  }

  private static func find(_ program: String, in shell: Shell) -> String? {
    (shell.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
