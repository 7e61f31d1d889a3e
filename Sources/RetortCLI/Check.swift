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

  func read() throws -> Pipeline {
    let pipeline = try Pipeline.read(
      URL(filePath: file), catalog: .standard, environment: ProcessInfo.processInfo.environment, settings: set
    )
    Terminal.warn(pipeline.warnings)
    return pipeline
  }
}

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a pipeline file: every mistake at once, no call made.")
  @OptionGroup var fileOptions: FileOptions
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Check the files that its exports wrote against their manifests, too.")
  var exports = false

  func run() async throws {
    try await reporting {
      let pipeline = try fileOptions.read()
      do {
        try await storeOptions.looking {
          try await storeOptions.refuseObstacles(pipeline, RunOptions(), in: $0)
        }
      } catch let error as StoreError {
        Terminal.complain("not checked, what stands where the exports write: \(error)")
      }
      Terminal.print(
        "\(fileOptions.file): \(pipeline.stages.count) stages, \(pipeline.models.count) models, no mistake found"
      )
      for note in try Pipeline.trustNotes(on: URL(filePath: fileOptions.file), settings: fileOptions.set) {
        Terminal.print("note: \(Terminal.safe(note))")
      }
      if exports { try report(ExportCheck(pipeline)) }
    }
  }
}

extension Check {
  private func report(_ check: ExportCheck) throws {
    for export in check.whole {
      Terminal.print(
        "\(export.stage): \(export.rows) rows\(export.complete ? "" : ", incomplete"), as \(export.manifest) says"
      )
    }
    guard check.problems.isEmpty else {
      throw CommandFailure.cannotRun(check.problems.joined(separator: "\nerror: "))
    }
  }
}

struct Stages: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List the stage kinds, or one with its keys.")
  @Argument(help: "A stage kind.") var name: String?
  @Flag(name: .long, help: "Print the reference in Markdown, as docs/stages.md has it.") var markdown = false

  func run() async throws {
    try await reporting {
      guard let name else {
        if markdown { return Terminal.print(StageReference.markdown(.standard)) }
        let rows = Catalog.standard.kinds.map { [JSON.string($0.name), .string($0.summary)] }
        return Terminal.lines(of: Table(columns: ["stage", "what it does"], rows: rows), width: 200)
          .forEach(Terminal.print)
      }
      guard let entry = Catalog.standard[name] else {
        throw CommandFailure.usage("expected a stage kind, found '\(name)'; `retort stages` lists them")
      }
      if markdown { return Terminal.print(StageReference.section(entry)) }
      Terminal.print("\(entry.name)\n\(entry.summary)\n")
      for fact in StageReference.facts(entry) { Terminal.print("  \(fact)") }
      Terminal.print("")
      for key in entry.configShape().keys {
        let required = key.required ? ", required" : ""
        Terminal.print("  \(key.name) (\(key.value)\(required)): \(entry.keys[key.name] ?? "")")
      }
    }
  }
}

struct Schema: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the JSON Schema of pipeline files, for editors.")

  func run() async throws { Terminal.print(PipelineSchema.json(.standard).text) }
}

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what this machine lacks, for a pipeline file or in general.")
  @Argument(help: "A pipeline file, to say which of its models' keys are set.") var file: String?

  func run() async throws {
    try await reporting { try report() }
  }

  private func report() throws {
    let environment = ProcessInfo.processInfo.environment
    let models = try file.map { try Pipeline.read(URL(filePath: $0)).models.values.elements } ?? []
    let python = Self.find("python3")
    Terminal.print(
      "python3 (local models, trainer scripts): \(python ?? "not found; apt-get install python3")")
    Self.keys(models, environment).forEach(Terminal.print)
    let isFetched = FileManager.default.fileExists(atPath: ".models/engine/.complete")
    Terminal.print("local model: \(isFetched ? "ready in .models" : "not fetched; `make models`")")
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

  private static func find(_ program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
