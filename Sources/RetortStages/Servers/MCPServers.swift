package import Foundation
internal import OrderedCollections
package import RetortCore
internal import Synchronization

/// The servers of a run: programs that are started, and addresses that are called, when they are first needed.
package final class MCPServers: ToolServers {
  private let reach: MCPReach
  package let room: SessionRoom
  /// Those that all of a run share, by name.
  private let shared = Mutex<[String: MCPSession]>([:])

  /// - Parameters:
  ///   - folder: the pipeline file's.
  ///   - surroundings: of what programs see.
  ///   - redaction: cuts keys out of what servers say.
  ///   - room: of the sessions of rollouts.
  package init(
    folder: URL, surroundings: ProgramSurroundings, environment: [String: String], transport: any Transport,
    redaction: Redaction, room: SessionRoom = SessionRoom()
  ) {
    self.room = room
    reach = MCPReach(
      folder: folder, surroundings: surroundings, environment: environment, transport: transport,
      redaction: redaction)
  }

  package func offers(of server: ToolServer) async throws -> [ToolOffer] {
    let session = mcpSession(of: server)
    defer { if server.session == .rollout { session.end() } }
    return try await session.offers()
  }

  package func session(of server: ToolServer) -> any ToolSession { mcpSession(of: server) }

  private func mcpSession(of server: ToolServer) -> MCPSession {
    guard server.session == .run else { return MCPSession(server, reach) }
    return shared.withLock { shared in
      if let session = shared[server.name] { return session }
      let session = MCPSession(server, reach)
      shared[server.name] = session
      return session
    }
  }

  /// Ends those that are shared.
  package func stop() {
    shared.withLock { shared in
      for session in shared.values { session.end() }
      shared = [:]
    }
  }
}

/// What it takes to reach a server.
struct MCPReach: Sendable {
  let folder: URL
  let surroundings: ProgramSurroundings
  let environment: [String: String]
  let transport: any Transport
  let redaction: Redaction

  /// What a program is started by that is to reach nothing. Where it cannot keep what it promises it says so and ends.
  private static var sandbox: [String] {
    ["python3", "-c", String(decoding: PackageResources.sandbox_py, as: UTF8.self), "--"]
  }

  /// Errors: ``StageError``.
  func wire(to server: ToolServer) throws -> any MCPWire {
    switch server.place {
    case .launch(let program, let variables):
      let around = server.isSandboxed ? Self.sandbox : []
      return try ProgramWire(
        HelperProgram(
          around + program.words, folder: folder, in: surroundings, naming: variables,
          name: program.words.joined(separator: " ")))
    case .url(let url):
      let key = server.keyEnv.flatMap { environment[$0] }
      if let name = server.keyEnv, key?.isEmpty != false {
        throw StageError("expected a key in the variable \(name), which `key_env` names, found none")
      }
      return AddressWire(url, key: key, timeout: server.timeout + 5, over: transport, redaction: redaction)
    }
  }
}

/// One server as it is called. One that has died is started anew at the next call.
final class MCPSession: ToolSession {
  private let server: ToolServer
  private let reach: MCPReach
  private let state = Mutex<Once<MCPClient>?>(nil)
  private let current = Mutex<MCPClient?>(nil)

  /// Seconds until a server has been started and has said what it offers: as long as a call, and no less than this.
  private static let leastPatience = 60.0
  private var patience: Double { max(Self.leastPatience, server.timeout) }

  init(_ server: ToolServer, _ reach: MCPReach) {
    self.server = server
    self.reach = reach
  }

  /// What the server offers, as the file narrows it. Errors: ``StageError``, ``Halt``.
  func offers() async throws -> [ToolOffer] {
    let offers = try await client().offers
    guard let only = server.only else {
      try checkNames(offers)
      return offers
    }
    return try only.map { name in
      guard let offer = offers.first(where: { $0.name == name }) else {
        let names = offers.map(\.name)
        throw StageError(
          "only: expected tools of '\(server.name)' (\(names.joined(separator: ", "))), found '\(name)'"
            + NearestWord.hint(name, in: names))
      }
      try checkNames([offer])
      return offer
    }
  }

  /// What a provider would refuse is said before it does.
  private func checkNames(_ offers: [ToolOffer]) throws {
    guard !offers.isEmpty else { throw StageError("expected tools of '\(server.name)', found none") }
    for offer in offers where offer.name.wholeMatch(of: /[A-Za-z0-9_.-]{1,64}/) == nil {
      throw StageError(
        "expected names of letters, digits, '_', '-' and '.' of '\(server.name)', at most 64, found "
          + "'\(offer.name.prefix(80))'; name those to be offered under 'only:'")
    }
    let names = offers.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw StageError("expected each tool of '\(server.name)' once, found '\(twice)' twice")
    }
  }

  func begin(offering offers: [ToolOffer]) async throws {
    guard current.withLock({ $0?.wire.loss == nil && $0 != nil }) == false else { return }
    let found = try await self.offers()
    let known = Dictionary(offers.map { ($0.name, $0) }) { first, _ in first }
    let differing =
      found.filter { known[$0.name] != $0 }.map(\.name)
      + known.keys.filter { name in
        !found.contains { $0.name == name }
      }
    guard differing.isEmpty else {
      end()
      throw Halt.unready(
        "the server '\(server.name)' offers other tools than those that are remembered "
          + "(\(differing.sorted().joined(separator: ", "))); `--redo-tool \(server.name)` takes them")
    }
  }

  func call(_ ask: ToolAsk, _ shelf: any ImageShelf) async throws -> ToolAnswer {
    do {
      let client = try await client()
      do { return try await client.call(ask, shelf) } catch let loss as MCPLoss
        where loss.isUnheard && server.session == .run
      {
        // It has worked on nothing of it.
        return try await self.client(after: client).call(ask, shelf)
      }
    } catch let loss as MCPLoss { throw ToolFault(.unreachable, "'\(server.name)': \(loss)") }
  }

  func end() {
    state.withLock { $0 = nil }
    current.withLock { client in
      client?.wire.end()
      client = nil
    }
  }

  // MARK: Connecting

  /// Greeted, and alive as far as anybody knows. Errors: ``StageError``, ``Halt``.
  private func client(after lost: MCPClient? = nil) async throws -> MCPClient {
    if let client = current.withLock({ $0 }), client.wire.loss == nil, lost?.wire !== client.wire {
      return client
    }
    let once = state.withLock { state in
      if let once = state { return once }
      let once = Once { [self] in try await connect() }
      state = once
      return once
    }
    let client: MCPClient
    do { client = try await once.value } catch {
      state.withLock { if $0 === once { $0 = nil } }
      throw error
    }
    state.withLock { if $0 === once { $0 = nil } }
    current.withLock { $0 = client }
    return client
  }

  private func connect() async throws -> MCPClient {
    let wire: any MCPWire
    do { wire = try reach.wire(to: server) } catch { throw unstarted("\(error)") }
    do {
      return try await withThrowingTaskGroup(of: MCPClient?.self) { group in
        group.addTask { try await MCPClient(wire) }
        group.addTask { [patience] in
          try await Task.sleep(for: .seconds(patience))
          return nil
        }
        defer { group.cancelAll() }
        guard let client = try await group.next() ?? nil else {
          throw StageError(
            "it said nothing of use within \(Int(patience)) seconds; a 'timeout:' under tools.\(server.name) of more "
              + "seconds than that is waited for")
        }
        return client
      }
    } catch {
      // After what it said last has been heard.
      let words = "\(wire.loss ?? error)"
      wire.end()
      if error is Halt || error is CancellationError { throw error }
      throw unstarted(words)
    }
  }

  private func unstarted(_ words: String) -> StageError {
    let place =
      switch server.place {
      case .launch(let program, _): "from '\(program.words.joined(separator: " "))'"
      case .url(let url): "at \(url)"
      }
    return StageError("expected the server '\(server.name)' \(place), found none: \(words)")
  }
}
