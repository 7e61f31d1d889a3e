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
  private let flights = Flights<ToolResult>()

  private struct Fitted: Sendable {
    let tool: any Tool
    let schema: JSONSchema
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
    takes: [String: Int] = [:], clock: any ModelClock = SystemModelClock()
  ) throws {
    var fitted: [String: Fitted] = [:]
    for tool in tools {
      let offer = tool.offer
      guard fitted[offer.name] == nil else {
        throw StageError("tools: expected each tool once, found '\(offer.name)' twice")
      }
      fitted[offer.name] = Fitted(tool: tool, schema: try JSONSchema(offer.parameters))
    }
    offers = tools.map(\.offer)
    self.tools = fitted
    self.memory = memory
    self.origin = origin
    self.takes = takes
    self.clock = clock
  }

  /// What a call comes to, faults included. Errors: those of the tool that are no ``ToolFault``, and the memory's.
  package func call(_ asked: AskedTool, at place: ToolPlace) async throws -> ToolResult {
    let result =
      switch fit(asked, at: place) {
      case .success(let call): try await answer(call, asked, at: place)
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
    let complaints = fitted.schema.complaints(about: arguments)
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
  }

  private func answer(_ call: FittedCall, _ asked: AskedTool, at place: ToolPlace) async throws -> ToolResult
  {
    let take = takes[asked.name] ?? 0
    let own = key(call.tool.identity, .object(call.arguments), take: take, at: place)
    guard call.tool.effect != .effect else {
      if let known = try await memory.recall([own]) { return known }
      return try await keep(try await made(call).result, of: asked, under: own)
    }
    let shared = key(call.tool.identity, .object(call.arguments), take: take)
    while true {
      guard flights.lead(shared) else {
        if let result = try await flights.follow(shared) { return result }
        continue
      }
      var landed: ToolResult?
      defer { flights.land(shared, landed) }
      if let known = try await memory.recall([own, shared]) {
        landed = known
        return known
      }
      let (result, passes) = try await made(call)
      let kept = try await keep(result, of: asked, under: passes ? own : shared)
      if !passes { landed = kept }
      return kept
    }
  }

  /// - Returns: what came of it, and whether that says nothing of another call with the same arguments.
  private func made(_ call: FittedCall) async throws -> (result: ToolResult, passes: Bool) {
    let started = clock.seconds
    func result(_ answer: ToolAnswer, _ fault: ToolFault.Kind? = nil) -> ToolResult {
      // A result is stored and sent as text, which holds no NUL in either place.
      ToolResult(
        text: answer.text.replacing("\0", with: "\u{FFFD}"), images: answer.images, fault: fault,
        seconds: clock.seconds - started)
    }
    do { return (result(try await timed(call)), false) } catch let fault as ToolFault {
      return (result(ToolAnswer(fault.description), fault.kind), fault.passes)
    }
  }

  private func timed(_ call: FittedCall) async throws -> ToolAnswer {
    try await withThrowingTaskGroup(of: ToolAnswer?.self) { group in
      group.addTask { try await call.tool.answer(call.arguments) }
      group.addTask { [clock] in
        try await clock.sleep(call.tool.timeout)
        return nil
      }
      defer { group.cancelAll() }
      guard let answer = try await group.next() ?? nil else {
        throw ToolFault(.timeout, "expected an answer within \(call.tool.timeout) seconds, found none")
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

  private func key(_ tool: JSON, _ arguments: JSON, take: Int = 0, at place: ToolPlace? = nil) -> Digest {
    var fields: JSON.Object = ["tool": tool, "arguments": arguments]
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
