internal import OrderedCollections

/// The tools that a stage offers a model. A call is answered from memory where it can be; else it is made, and its result
/// committed before anybody reads it.
package struct Toolbox: Sendable {
  /// In the order in which the stage names them.
  package let offers: [ToolOffer]
  private let tools: [String: Fitted]
  private let memory: any ToolMemory
  private let origin: CallOrigin
  /// How often each was asked anew, by name.
  private let takes: [String: Int]
  private let clock: any ModelClock
  /// Tells people what is no model's business.
  private let say: @Sendable (String) -> Void
  private let flights = Flights<ToolResult>()

  private struct Fitted: Sendable {
    let tool: any Tool
    /// Nil for one that a server wrote and that is not understood here: it is left to the server to check.
    let schema: JSONSchema?
  }

  /// Calls of one turn that are answered.
  package static let mostCalls = 16
  /// Most bytes of arguments: models in a loop write until they are cut.
  package static let mostArguments = 100_000
  /// Characters of arguments, and of a name, that are repeated to people and models.
  private static let (shownArguments, shownName) = (2000, 60)

  /// Errors: ``StageError`` for two tools of one name.
  package init(
    _ tools: [any Tool], memory: any ToolMemory, origin: CallOrigin = CallOrigin(),
    takes: [String: Int] = [:], clock: any ModelClock = SystemModelClock(),
    say: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    var fitted: [String: Fitted] = [:]
    for tool in tools {
      let offer = tool.offer
      guard fitted[offer.name] == nil else {
        throw StageError("tools: expected each tool once, found '\(offer.name)' twice")
      }
      let schema = try tool is ServedTool ? try? JSONSchema(offer.parameters) : JSONSchema(offer.parameters)
      fitted[offer.name] = Fitted(tool: tool, schema: schema)
    }
    offers = tools.map(\.offer)
    self.tools = fitted
    self.memory = memory
    self.origin = origin
    self.takes = takes
    self.clock = clock
    self.say = say
  }

  /// Errors: ``StageError`` of a tool that cannot answer anything: nobody should pay for a model that calls it.
  package func check() async throws {
    for offer in offers { try await tools[offer.name]?.tool.check() }
  }

  /// What a call comes to, faults included. Errors: those of the tool that are no ``ToolFault``, and the memory's.
  ///
  /// - Parameter visit: the rollout's, for servers that keep a session for it.
  package func call(_ asked: AskedTool, at place: ToolPlace, in visit: ToolVisit = ToolVisit()) async throws
    -> ToolResult
  {
    let result =
      switch fit(asked, at: place) {
      case .success(let call): try await answer(call, asked, at: place, in: visit)
      case .failure(let fault): try await tell(fault, of: asked)
      }
    StepContext.current?.usedTool(result.number, place.turn)
    return result
  }

  // MARK: Calls that reach no tool

  private func fit(_ asked: AskedTool, at place: ToolPlace) -> Result<FittedCall, ToolFault> {
    guard place.call <= Self.mostCalls else {
      return .failure(
        ToolFault(.tooManyCalls, "expected at most \(Self.mostCalls) calls in a turn; this one was not made"))
    }
    guard let fitted = tools[asked.name] else {
      let names = offers.map(\.name)
      return .failure(
        ToolFault(
          .unknownTool,
          "expected one of the tools \(names.joined(separator: ", ")), found '\(asked.name.prefix(Self.shownName))'"
            + NearestWord.hint(asked.name, in: names)))
    }
    let bytes = asked.arguments.utf8.count
    guard bytes <= Self.mostArguments else {
      return .failure(
        ToolFault(.badArguments, "expected at most \(Self.mostArguments) bytes of arguments, found \(bytes)"))
    }
    let arguments: JSON
    do { arguments = try JSON(parsing: asked.arguments.isEmpty ? "{}" : asked.arguments) } catch {
      return .failure(ToolFault(.badArguments, "expected a JSON object: \(error)"))
    }
    let complaints = fitted.schema?.complaints(about: arguments) ?? []
    guard complaints.isEmpty, let object = arguments.object else {
      let words =
        complaints.isEmpty
        ? "expected a JSON object, found \(arguments.kind)" : complaints.joined(separator: "; ")
      return .failure(ToolFault(.badArguments, words))
    }
    return .success(FittedCall(tool: fitted.tool, arguments: object))
  }

  /// It follows from the call and from what was offered, and is noted so that people find it among the others.
  private func tell(_ fault: ToolFault, of asked: AskedTool) async throws -> ToolResult {
    let key = key(
      ["name": .string(asked.name), "fault": .string(fault.description)], .string(asked.arguments))
    if let known = try await memory.recall([key]) { return known }
    return try await keep(ToolResult(text: fault.description, fault: fault.kind), of: asked, under: key)
  }

  // MARK: Calls of a tool

  private struct FittedCall: Sendable {
    let tool: any Tool
    let arguments: JSON.Object

    /// The tool, where its server keeps a session for each rollout.
    var session: ServedTool? { (tool as? ServedTool).flatMap { $0.server.session == .rollout ? $0 : nil } }
  }

  private func answer(
    _ call: FittedCall, _ asked: AskedTool, at place: ToolPlace, in visit: ToolVisit
  ) async throws -> ToolResult {
    let keys = keys(of: call, at: place, in: visit)
    guard call.tool.effect != .effect else {
      if let known = try await memory.recall([keys.own]) {
        return noted(known, of: call, in: visit, isLive: false)
      }
      let result = try await made(call, at: place, in: visit)
      return noted(try await keep(result, of: asked, under: keys.own), of: call, in: visit, isLive: true)
    }
    while true {
      guard flights.lead(keys.shared) else {
        if let result = try await flights.follow(keys.shared) {
          return noted(result, of: call, in: visit, isLive: false)
        }
        continue
      }
      var landed: ToolResult?
      defer { flights.land(keys.shared, landed) }
      if let known = try await memory.recall([keys.own, keys.shared]) {
        landed = known
        return noted(known, of: call, in: visit, isLive: false)
      }
      let result = try await made(call, at: place, in: visit)
      let passes = result.fault?.passes ?? false
      let kept = try await keep(result, of: asked, under: passes ? keys.own : keys.shared)
      if !passes { landed = kept }
      return noted(kept, of: call, in: visit, isLive: true)
    }
  }

  private func made(_ call: FittedCall, at place: ToolPlace, in visit: ToolVisit) async throws -> ToolResult {
    if let tool = call.session, tool.effect == .effect, visit.isLost(tool.server.name) {
      return ToolResult(
        fault: ToolFault(
          .sessionLost,
          "what '\(call.tool.offer.name)' was told before is gone; the next call begins a new session"))
    }
    let answer: @Sendable () async throws -> ToolAnswer
    if let tool = call.session { try await visit.enter(tool) }
    defer { if let tool = call.session { visit.leave(tool) } }
    do {
      if let tool = call.session {
        let session = try await visit.session(of: tool) { try await note($0, came: $1, at: place, of: tool) }
        let ask = visit.ask(tool.offer.name, call.arguments, of: tool.server.name)
        answer = { try await session.call(ask, tool.shelf) }
      } else {
        try await call.tool.prepare()
        answer = { try await call.tool.answer(call.arguments) }
      }
    } catch let fault as ToolFault { return ToolResult(fault: fault) }
    let started = clock.seconds
    do {
      let answer = try await timed(call.tool.timeout, answer)
      return ToolResult(
        text: answer.text.storable, images: answer.images, seconds: clock.seconds - started)
    } catch let fault as ToolFault { return ToolResult(fault: fault, seconds: clock.seconds - started) }
  }

  /// Notes with the rollout what its session has come to.
  private func noted(_ result: ToolResult, of call: FittedCall, in visit: ToolVisit, isLive: Bool)
    -> ToolResult
  {
    guard let tool = call.session else { return result }
    guard result.fault?.passes != true else {
      // Nobody knows what it has done of the call.
      if tool.effect == .effect { visit.forget(tool.server.name) } else { visit.lose(tool.server.name) }
      return result
    }
    visit.note(
      .init(tool: tool.offer.name, arguments: call.arguments, result: result), of: tool.server.name,
      isLive: isLive)
    return result
  }

  private func timed(_ seconds: Double, _ answer: @escaping @Sendable () async throws -> ToolAnswer)
    async throws
    -> ToolAnswer
  {
    try await withThrowingTaskGroup(of: ToolAnswer?.self) { group in
      group.addTask { try await answer() }
      group.addTask { [clock] in
        try await clock.sleep(seconds)
        return nil
      }
      defer { group.cancelAll() }
      guard let answer = try await group.next() ?? nil else {
        throw ToolFault(.timeout, "expected an answer within \(seconds) seconds, found none")
      }
      return answer
    }
  }

  // MARK: Memory

  private func keep(_ result: ToolResult, of asked: AskedTool, under key: Digest) async throws -> ToolResult {
    var result = result
    let call = ToolCall(
      key: key, tool: String(asked.name.prefix(Self.shownName)),
      arguments: String(asked.arguments.prefix(Self.shownArguments)), origin: origin)
    result.number = try await memory.remember(call, result)
    return result
  }

  /// A call that was made again came to something else: what is remembered stands, and this is noted beside it.
  private func note(_ past: ToolVisit.Past, came now: ToolResult, at place: ToolPlace, of tool: ServedTool)
    async throws
  {
    say(
      "'\(tool.server.name)' answered otherwise when a session was brought to where it was; what it said first stands, "
        + "and _tool_calls has what it says now (replay_differs)")
    var now = now
    now.fault = .replayDiffers
    let asked = AskedTool(name: past.tool, arguments: JSON.object(past.arguments).text)
    let differs: JSON = ["replay": tool.identity, "was": .int(past.result.number)]
    _ = try await keep(now, of: asked, under: key(differs, .object(past.arguments), at: place))
  }

  /// Under which a call's result is kept: for this call alone, and for all that ask the same.
  private func keys(of call: FittedCall, at place: ToolPlace, in visit: ToolVisit) -> (
    own: Digest, shared: Digest
  ) {
    let take = takes[call.tool.declared] ?? 0
    let earlier = call.session.flatMap { visit.earlier($0.server.name) }
    func key(at place: ToolPlace?) -> Digest {
      self.key(
        call.tool.identity, .object(call.arguments), earlier: earlier,
        images: call.session == nil ? [] : visit.images, take: take, at: place)
    }
    return (key(at: place), key(at: nil))
  }

  private func key(
    _ tool: JSON, _ arguments: JSON, earlier: Digest? = nil, images: [ImageReference] = [], take: Int = 0,
    at place: ToolPlace? = nil
  ) -> Digest {
    var fields: JSON.Object = ["tool": tool, "arguments": arguments]
    if !images.isEmpty { fields["images"] = .array(images.map { .string($0.name) }) }
    if let earlier { fields["earlier"] = .string(earlier.hex) }
    if take > 0 { fields["take"] = .int(Int64(take)) }
    if let place {
      // A stage that is redone, or played in another round, makes other rollouts.
      if origin.take > 0 { fields["rollout_take"] = .int(Int64(origin.take)) }
      if origin.round > 1 { fields["rollout_round"] = .int(Int64(origin.round)) }
      fields["at"] = [.string(place.rollout.hex), .int(Int64(place.turn)), .int(Int64(place.call))]
    }
    return Digest(of: .object(fields))
  }
}
