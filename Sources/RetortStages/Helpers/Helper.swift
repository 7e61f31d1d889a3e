internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import Synchronization

/// A program of the user's that answers requests in a process of its own: a JSON object with an `id` a line in, one with
/// the same `id` out, in any order. It is started when it is first asked, started anew where it dies, and ends with its
/// input.
final class Helper: Sendable {
  /// How a program is spoken with.
  struct Manners: Sendable {
    /// Whether its first line is `{"ready": true}` or `{"error": …}`, and how long it may take until then: a helper of the
    /// project fetches its library the first time.
    var greeting: Duration?
    /// Requests that it has in hand at most.
    var inFlight = 1
    /// After which a request has no answer and the program is started anew; n times as long where it has n in hand.
    var patience: Duration
    /// How often a request is tried whose program dies: the second time alone, so that no other is to blame.
    var tries = 1
    /// Bytes of a line at most.
    var longest = 64 << 20
    /// Looked at before each start. Errors: why it may not be started as things are.
    var check: @Sendable () throws -> Void = {}
  }

  /// Why a request has no answer.
  struct Fault: Error, Hashable, CustomStringConvertible {
    let description: String
  }

  struct Ask: Sendable {
    let number: Int
    let request: JSON.Object
    let waiter: CheckedContinuation<JSON, any Error>
    var tries = 0
    var timer: Task<Void, any Error>?
  }

  struct State: Sendable {
    var process: HelperProcess?
    /// Counts the processes: a sign of an earlier one is none.
    var generation = 0
    var isReady = false
    var asked = 0
    /// In the order in which they came.
    var waiting = OrderedDictionary<Int, Ask>()
    /// Those whose process died, to be tried alone, before all others.
    var alone = OrderedDictionary<Int, Ask>()
    /// Those that the process has in hand.
    var inHand = OrderedDictionary<Int, Ask>()
    /// What the process has answered.
    var answers = 0
    /// Whether it has ever answered: until then a line that is no answer says that it does not know how.
    var hasAnswered = false
    /// Requests that had no answer since the last that had one.
    var failures = 0
    /// Why nothing is asked any more.
    var halt: Halt?
    var notes: Set<String> = []
  }

  private let program: HelperProgram
  private let manners: Manners
  private let purpose: String
  private let remedy: String
  private let say: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// Requests without an answer, and none with one between them, that stop the run.
  private static let mostFailures = 5

  /// - Parameters:
  ///   - purpose: what asks for it, as a person wrote it.
  ///   - remedy: what to do where it cannot be started.
  ///   - say: told, once each, what is odd about it.
  init(
    _ program: HelperProgram, _ manners: Manners, purpose: String, remedy: String,
    say: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.program = program
    self.manners = manners
    self.purpose = purpose
    self.remedy = remedy
    self.say = say
  }

  /// What it answers to a request.
  /// Errors: ``Fault`` where it takes too long or ends; ``Halt`` that parks the run, when it cannot be started, does not
  /// know how to answer, or answers none of several requests.
  func answer(_ request: JSON.Object) async throws -> JSON {
    let number = state.withLock {
      $0.asked += 1
      return $0.asked
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        state.withLock { state in
          guard !Task.isCancelled else { return waiter.resume(throwing: CancellationError()) }
          state.waiting[number] = Ask(number: number, request: request, waiter: waiter)
          proceed(&state)
        }
      }
    } onCancel: {
      state.withLock { state in
        state.remove(number)?.waiter.resume(throwing: CancellationError())
        proceed(&state)
      }
    }
  }

  // MARK: Asking

  /// Hands on what may be handed on.
  private func proceed(_ state: inout State) {
    if let halt = state.halt { return state.failAll(halt) }
    while mayPut(state) {
      do { try start(&state) } catch { return halt(&state, unstarted: "\(error)") }
      guard state.isReady else { return }
      put(state.alone.isEmpty ? state.waiting.removeFirst().value : state.alone.removeFirst().value, &state)
    }
  }

  private func mayPut(_ state: State) -> Bool {
    guard state.alone.isEmpty else { return state.inHand.isEmpty }
    return !state.waiting.isEmpty && state.inHand.count < manners.inFlight
      && !state.inHand.values.contains { $0.tries > 1 }
  }

  private func put(_ ask: Ask, _ state: inout State) {
    var (ask, fields) = (ask, ["id": .int(Int64(ask.number))] as JSON.Object)
    fields.merge(ask.request) { $1 }
    ask.tries += 1
    let patience = manners.patience * (state.inHand.count + 1)
    ask.timer = Task { [weak self, generation = state.generation, number = ask.number] in
      try await Task.sleep(for: patience)
      self?.giveUp(number, of: generation, after: patience)
    }
    state.inHand[ask.number] = ask
    state.process?.write(JSON.object(fields).text + "\n")
  }

  private func start(_ state: inout State) throws {
    guard state.process == nil else { return }
    try manners.check()
    state.generation += 1
    state.answers = 0
    state.isReady = manners.greeting == nil
    let generation = state.generation
    state.process = try HelperProcess(program, longest: manners.longest) { [weak self] in
      self?.hear($0, of: generation)
    }
    guard let greeting = manners.greeting else { return }
    Task { [weak self] in
      try? await Task.sleep(for: greeting)
      self?.state.withLock { state in
        guard state.generation == generation, !state.isReady else { return }
        self?.halt(&state, unstarted: "it said nothing")
      }
    }
  }

  // MARK: Hearing

  private func hear(_ sign: HelperProcess.Sign, of generation: Int) {
    switch sign {
    case .line(let line):
      let answer = Result<JSON, any Error> { try JSON(parsing: line) }
      state.withLock { state in
        guard state.generation == generation, state.process != nil else { return }
        if state.isReady { receive(answer, line, &state) } else { greet(try? answer.get(), &state) }
        proceed(&state)
      }
    case .overlong:
      fault(generation) { _ in "it wrote a line of more than \(self.manners.longest) bytes" }
    case .ended(let how):
      fault(generation) { process in
        let words = process.lastWords
        return "it ended \(how)" + (words.isEmpty ? "" : "; its last words: \(words)")
      }
    }
  }

  private func greet(_ line: JSON?, _ state: inout State) {
    guard line?["ready"] == true else {
      return halt(&state, unstarted: line?["error"]?.string ?? "it said neither that it is ready nor why not")
    }
    state.isReady = true
  }

  private func receive(_ answer: Result<JSON, any Error>, _ line: Data, _ state: inout State) {
    let parsed = try? answer.get()
    guard let number = parsed?["id"]?.int.map(Int.init(clamping:)) ?? Self.number(in: line),
      state.isKnown(number)
    else { return disregard(line, &state) }
    guard let ask = state.inHand.removeValue(forKey: number) else {
      return note("it answered a request again; the first answer counts", &state)
    }
    ask.timer?.cancel()
    state.hasAnswered = true
    state.answers += 1
    state.failures = 0
    ask.waiter.resume(with: answer.mapError { Fault(description: "it wrote what is no JSON: \($0)") })
  }

  /// The request that a line is about which is no JSON.
  private static func number(in line: Data) -> Int? {
    String(decoding: line.prefix(60), as: UTF8.self).prefixMatch(of: /\s*\{\s*"id"\s*:\s*([0-9]{1,15})\b/)
      .flatMap { Int($0.1) }
  }

  private func disregard(_ line: Data, _ state: inout State) {
    let words = "'\(program.redaction.words(String(decoding: line.prefix(200), as: UTF8.self)).trimmed)'"
    guard !state.hasAnswered else {
      return note("it wrote lines that are no answers, the first of them \(words)", &state)
    }
    halt(
      &state,
      "expected of '\(program.name)' lines with the ids of requests, found \(words), which belongs on standard error"
    )
  }

  private func note(_ words: String, _ state: inout State) {
    if state.notes.insert(String(words.prefix(20))).inserted { say("'\(program.name)': \(words)") }
  }

  // MARK: Faults

  private func giveUp(_ number: Int, of generation: Int, after patience: Duration) {
    fault(generation, late: number) { process in
      let words = process.lastWords
      return "no answer came within \(patience.components.seconds) s"
        + (words.isEmpty ? "" : "; its last words: \(words)")
    }
  }

  /// The process is of no use any more: what it has in hand is tried again alone, or has no answer.
  /// - Parameter late: the request that has no answer in time; it says what the process stumbled over.
  private func fault(_ generation: Int, late: Int? = nil, _ words: (HelperProcess) -> String) {
    state.withLock { state in
      guard state.generation == generation, let process = state.process,
        late.map({ state.inHand[$0] != nil }) ?? true
      else { return }
      let words = words(process)
      guard state.isReady else { return halt(&state, unstarted: words) }
      process.kill()
      state.process = nil
      let victims = state.inHand
      state.inHand = [:]
      for var ask in victims.values {
        ask.timer?.cancel()
        ask.timer = nil
        // What it did before may have ended it.
        if ask.tries > 1, state.answers > 0, late == nil { ask.tries -= 1 }
        if ask.tries < manners.tries {
          state.alone[ask.number] = ask
        } else {
          state.failures += 1
          ask.waiter.resume(throwing: Fault(description: words))
        }
      }
      if state.failures >= Self.mostFailures {
        return halt(
          &state,
          "expected answers of '\(program.name)', found none for \(state.failures) requests in a row, the last since \(words)"
        )
      }
      proceed(&state)
    }
  }

  private func halt(_ state: inout State, unstarted reason: String) {
    halt(&state, "expected a helper for \(purpose) from '\(program.name)', found none: \(reason)")
  }

  private func halt(_ state: inout State, _ reason: String) {
    state.process?.kill()
    state.process = nil
    let halt = Halt.unready("\(reason); \(remedy)")
    state.halt = halt
    state.failAll(halt)
  }
}

extension Helper.State {
  /// Whether it was asked.
  fileprivate func isKnown(_ number: Int) -> Bool { number > 0 && number <= asked }

  fileprivate mutating func remove(_ number: Int) -> Helper.Ask? {
    let ask =
      waiting.removeValue(forKey: number) ?? alone.removeValue(forKey: number)
      ?? inHand.removeValue(forKey: number)
    ask?.timer?.cancel()
    return ask
  }

  fileprivate mutating func failAll(_ error: any Error) {
    for ask in [inHand, alone, waiting].flatMap(\.values) {
      ask.timer?.cancel()
      ask.waiter.resume(throwing: error)
    }
    (inHand, alone, waiting) = ([:], [:], [:])
  }
}
