internal import ArgumentParser
internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

struct DoctorCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this machine lacks, for a pipeline file or in general.",
    discussion: """
      With a file every model of it is asked for a token, or a score or a vector of a few words, all at once; servers \
      under launch: are started and ended, those of tools too, which say what they offer. What is asked belongs to no run and is not kept. Exit status: 0 all answer; \
      1 one does not; 2 a mistake in the file.
      """)
  @Argument(help: "A pipeline file, whose models are asked for a token each.") var file: String?
  @Option(name: .long, help: "Set a key of the file: stages.rationale.with.samples=8.") var set: [String] = []

  @Option(name: .long, help: "Fetch a library that some stages need: parquet.") var install: Library?

  /// What is fetched when it is asked for, into $RETORT_HELPERS or ~/.cache/retort.
  enum Library: String, ExpressibleByArgument, CaseIterable { case parquet }

  func perform(in shell: Shell) async throws {
    if let install { return try await Self.fetch(install, in: shell) }
    let pipeline = try file.map {
      try Pipeline.read(shell.url($0), catalog: .standard, environment: shell.environment, settings: set)
    }
    let models = pipeline?.models.values.elements ?? []
    let python = Self.find("python3", in: shell)
    shell.terminal.print(
      "python3 (local models, trainer scripts): \(python ?? "not found; apt-get install python3")")
    Self.keys(models, shell.environment).forEach(shell.terminal.print)
    let folder = shell.environment["RETORT_MODELS"] ?? ".models"
    let isFetched = FileManager.default.fileExists(atPath: shell.path("\(folder)/engine/.complete"))
    shell.terminal.print(
      "local model: \(isFetched ? "ready in \(folder)" : "not fetched into \(folder); `make models`")")
    guard let pipeline else { return }
    let areReached = await Self.reachServers(of: pipeline, in: shell)
    if !models.isEmpty { try await Self.examine(pipeline, in: shell) }
    if !areReached { throw CommandFailure.told }
  }

  /// Asks the servers of a file's tools what they offer, and prints a line for each; whether all said it.
  private static func reachServers(of pipeline: Pipeline, in shell: Shell) async -> Bool {
    let endpoints = Endpoints(of: pipeline, shell.environment, Interruption())
    defer { endpoints.stop() }
    var areReached = true
    for server in pipeline.tools.compactMap(\.server) {
      let words: String
      do {
        let offers = try await endpoints.servers.offers(of: server)
        words = "offers \(offers.map(\.name).joined(separator: ", "))"
      } catch {
        areReached = false
        words = (error as? Halt)?.message ?? "\(error)"
      }
      shell.terminal.print(Terminal.harmless("server '\(server.name)' of tools: \(words)"))
    }
    return areReached
  }

  private static func fetch(_ library: Library, in shell: Shell) async throws {
    switch library {
    case .parquet:
      let folder = try await ParquetHelper.install(shell.environment, from: shell.url("."))
      shell.terminal.print("parquet: DuckDB is in \(folder)")
    }
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

  /// Asks the models of a file, and prints a line or more for each. Errors: ``CommandFailure`` where one does not answer.
  static func examine(_ pipeline: Pipeline, in shell: Shell) async throws {
    let findings = await Checkup(pipeline, in: shell).findings()
    for line in CheckupPage.lines(findings) { shell.terminal.print(Terminal.harmless(line)) }
    if findings.contains(where: { !$0.mistakes.isEmpty }) { throw CommandFailure.told }
  }

  private static func find(_ program: String, in shell: Shell) -> String? {
    (shell.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
