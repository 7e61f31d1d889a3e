internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortHTTP
internal import RetortRun
internal import RetortStages

/// What answers requests: HTTP, and the servers that it launches.
struct Endpoints {
  private let specs: [ModelSpec]
  private let environment: [String: String]
  private let interruption: Interruption
  /// The keys, which nothing that is told or kept may show.
  private let keys: Redaction
  private let transport: HTTPClient
  private let launcher: Launcher
  /// Those of the tools.
  let servers: MCPServers

  init(of pipeline: Pipeline, _ environment: [String: String], _ interruption: Interruption) {
    let specs = Array(pipeline.models.values)
    self.specs = specs
    self.environment = environment
    self.interruption = interruption
    let toolKeys = pipeline.tools.compactMap { $0.server?.keyEnv.flatMap { environment[$0] } }
    keys = Redaction(specs.flatMap { $0.secrets(environment) + $0.keysInFile } + toolKeys)
    transport = HTTPClient(
      connections: max(1, specs.map(\.concurrency).reduce(0, +)), certificates: environment["RETORT_CA_FILE"])
    launcher = Launcher(
      folder: pipeline.folder, transport: transport, interruption: interruption,
      environment: { ServerEnvironment.variables(of: $0, among: specs, environment) }, redaction: keys)
    servers = MCPServers(
      folder: pipeline.folder, surroundings: ProgramSurroundings(environment, models: specs),
      environment: environment, transport: transport, redaction: keys)
  }

  func models(
    memory: any ReplyMemory, images: any ImageShelf, budget: Budget, gauge: CallGauge,
    say: @escaping @Sendable (String) -> Void
  ) -> ModelStack {
    ModelStack(
      models: specs, transport: transport, memory: memory, budget: budget, gauge: gauge,
      interruption: interruption,
      environment: environment, redaction: keys, images: images, say: say,
      address: { [launcher] in try await launcher.address(of: $0) })
  }

  /// The base address of a model, once its server is up. Errors: as ``Launcher/address(of:)``.
  func address(of model: ModelSpec) async throws -> String { try await launcher.address(of: model) }

  /// As ``ServedModels/names(for:at:)``.
  func names(for model: ModelSpec, at base: String) async -> [String]? {
    await ServedModels(transport, environment: environment, redaction: keys).names(for: model, at: base)
  }

  /// Ends the servers that were launched.
  func stop() {
    launcher.stop()
    servers.stop()
  }
}
