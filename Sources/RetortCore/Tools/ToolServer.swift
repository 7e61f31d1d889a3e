internal import OrderedCollections

/// A server of the Model Context Protocol that a pipeline file names under `tools:`, for one or more tools.
package struct ToolServer: Hashable, Sendable {
  /// Whom it is shared with.
  package enum Session: String, Codable, Hashable, Sendable, CaseIterable {
    /// All calls of a run: it counts as one that remembers nothing of a call.
    case run
    /// One rollout: it may remember what it was asked before.
    case rollout
  }

  package enum Place: Hashable, Sendable {
    /// A program that speaks on standard input and output, and variables of the environment that its words name.
    case launch(ProgramLine, variables: Set<String>)
    /// An address.
    case url(String)
  }

  /// As the file names it.
  package let name: String
  package let place: Place
  /// The names that are offered; nil for all.
  package var only: [String]?
  package var session: Session
  package var effect: ToolEffect
  /// Whether the program is started in the sandbox.
  package var isSandboxed: Bool
  package var revision: String?
  /// The variable that holds its key.
  package var keyEnv: String?
  /// Seconds that a call may take.
  package var timeout: Double

  package static let defaultTimeout = 60.0

  package init(
    name: String, place: Place, only: [String]? = nil, session: Session = .run, effect: ToolEffect = .effect,
    isSandboxed: Bool = false, revision: String? = nil, keyEnv: String? = nil,
    timeout: Double = ToolServer.defaultTimeout
  ) {
    self.name = name
    self.place = place
    self.only = only
    self.session = session
    self.effect = effect
    self.isSandboxed = isSandboxed
    self.revision = revision
    self.keyEnv = keyEnv
    self.timeout = timeout
  }

  /// What its answers depend on: its name, its revision and the content of what is launched, and neither its address nor
  /// its time-out nor its key.
  package var identity: JSON {
    var fields: JSON.Object = ["server": .string(name)]
    if case .launch(let program, _) = place { fields["launch"] = (try? JSON(encoding: program)) ?? .null }
    if let revision { fields["revision"] = .string(revision) }
    if isSandboxed { fields["sandbox"] = true }
    return .object(fields)
  }

  /// What of it enters the key of a step that offers it.
  package var stepIdentity: JSON {
    var fields = identity.object ?? [:]
    if let only { fields["only"] = .array(only.map { .string($0) }) }
    if session == .rollout { fields["session"] = "rollout" }
    return .object(fields)
  }

  /// What is offered before anybody has asked it: the names that the file says, else one that stands for all.
  package var expected: [ToolOffer] { OrderedSet(only ?? [name]).map { ToolOffer(unknown: $0) } }
}

/// Reaches the servers of a run. They are started or called when they are first needed.
package protocol ToolServers: Sendable {
  /// What a server offers now, as the file narrows it.
  /// Errors: ``StageError`` where it cannot be started or reached, or lacks what `only:` names.
  func offers(of server: ToolServer) async throws -> [ToolOffer]
  /// The session that all of a run share, or one of its own for a rollout. Nothing is started yet.
  func session(of server: ToolServer) -> any ToolSession
  /// Those of rollouts that are alive.
  var room: SessionRoom { get }
}

/// A server as it is called.
package protocol ToolSession: Sendable {
  /// Returns once it can be called. Errors: ``StageError`` where it cannot be started; ``Halt`` where it offers other tools
  /// than those that are remembered.
  func begin(offering offers: [ToolOffer]) async throws
  /// Errors: ``ToolFault``.
  ///
  /// - Parameter shelf: where images lie, those that are shown and those that come.
  func call(_ ask: ToolAsk, _ shelf: any ImageShelf) async throws -> ToolAnswer
  /// Ends it without waiting.
  func end()
}

/// A call as a session is asked it.
package struct ToolAsk: Hashable, Sendable {
  package let tool: String
  package let arguments: JSON.Object
  /// Images of the row, with a session's first call.
  package let shows: [ImageReference]

  package init(tool: String, arguments: JSON.Object, shows: [ImageReference] = []) {
    self.tool = tool
    self.arguments = arguments
    self.shows = shows
  }
}

/// For checks, which start nothing.
package struct NoToolServers: ToolServers {
  package let room = SessionRoom()

  package init() {}

  package func offers(of server: ToolServer) async throws -> [ToolOffer] {
    throw StageError("expected the server '\(server.name)', found none: nothing is started here")
  }

  package func session(of server: ToolServer) -> any ToolSession { NoSession(name: server.name) }

  private struct NoSession: ToolSession {
    let name: String
    func begin(offering offers: [ToolOffer]) async throws {
      throw StageError("expected the server '\(name)', found none: nothing is started here")
    }
    func call(_ ask: ToolAsk, _ shelf: any ImageShelf) async throws -> ToolAnswer { ToolAnswer("") }
    func end() {}
  }
}

/// A tool of a server.
struct ServedTool: Tool {
  let offer: ToolOffer
  let server: ToolServer
  /// All that the server offers.
  let offers: [ToolOffer]
  let servers: any ToolServers
  let shelf: any ImageShelf

  var identity: JSON {
    .object((server.identity.object ?? [:]).merging(["tool": .string(offer.name)]) { $1 })
  }
  var effect: ToolEffect { server.effect }
  var timeout: Double { server.timeout }
  var declared: String { server.name }

  func prepare() async throws { try await servers.session(of: server).begin(offering: offers) }

  func answer(_ arguments: JSON.Object) async throws -> ToolAnswer {
    let ask = ToolAsk(tool: offer.name, arguments: arguments)
    return try await servers.session(of: server).call(ask, shelf)
  }
}
