/// The models of a run: every act on top of one stack of callers, whose limits and memory all who ask share.
package struct ModelStack: ModelProvider {
  /// On whose behalf it is asked.
  private var origin = CallOrigin()
  private let transport: any Transport
  private let memory: any ReplyMemory
  private let budget: Budget
  private let gauge: CallGauge
  private let clock: any ModelClock
  private let interruption: Interruption
  private let random: @Sendable () -> Double
  private let environment: [String: String]
  private let redaction: Redaction
  private let address: @Sendable (ModelSpec) async throws -> String
  private let pools: [String: Pool]
  private let breakers: [String: Breaker]
  private let standings: [String: Standing]
  private let lengths: [String: VectorLength]
  private let batches: [String: BatchLimit]
  private let spellings: [String: LearnedSpelling]
  private let say: @Sendable (String) -> Void
  private let images: any ImageShelf
  private let flights = Flights<RawReply>()

  /// - Parameters:
  ///   - interruption: ends the run softly, as far as calls are concerned.
  ///   - models: each has its own pool; models at one endpoint share a breaker.
  ///   - gauge: told what calls wait for.
  ///   - environment: where keys are read, by the names that `api_key_env` and `headers_env` give.
  ///   - redaction: cuts keys out of what servers say; by default those of the models.
  ///   - images: where the bytes lie of images that are asked about.
  ///   - say: told, once for each model, what a person should know of it.
  ///   - address: the base address of a model; by default its `endpoint`. For models that are launched it waits
  ///     until the server is up.
  package init(
    models: [ModelSpec], transport: any Transport, memory: any ReplyMemory, budget: Budget = Budget(),
    gauge: CallGauge = CallGauge(),
    interruption: Interruption = Interruption(), clock: any ModelClock = SystemModelClock(),
    random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, environment: [String: String],
    redaction: Redaction? = nil, images: any ImageShelf = NoImages(),
    say: @escaping @Sendable (String) -> Void = { _ in },
    address: @escaping @Sendable (ModelSpec) async throws -> String = ModelStack.endpoint(of:)
  ) {
    self.transport = transport
    self.memory = memory
    self.budget = budget
    self.gauge = gauge
    self.clock = InterruptibleClock(interruption, on: clock)
    self.interruption = interruption
    self.random = random
    self.environment = environment
    self.redaction = redaction ?? Redaction(models.flatMap { $0.secrets(environment) })
    self.address = address
    self.say = say
    self.images = images
    lengths = Dictionary(models.map { ($0.alias, VectorLength($0)) }) { first, _ in first }
    batches = Dictionary(models.map { ($0.alias, BatchLimit($0)) }) { first, _ in first }
    spellings = Dictionary(models.map { ($0.alias, Self.spelling($0, say)) }) { first, _ in first }
    standings = Dictionary(models.map { ($0.alias, Standing()) }) { first, _ in first }
    pools = Dictionary(models.map { ($0.alias, Pool($0)) }) { first, _ in first }
    breakers = Dictionary(models.map { (Self.server($0), Breaker()) }) { first, _ in first }
  }

  package func asked(by origin: CallOrigin) -> any ModelProvider {
    var stack = self
    stack.origin = origin
    return stack
  }

  package func chat(_ model: ModelRef) throws -> any ChatModel {
    guard let chat = asked(model, ChatRequest.self) else { throw mismatch(model.spec, "chat") }
    return chat
  }

  package func embedding(_ model: ModelRef) throws -> any EmbeddingModel {
    let length = lengths[model.spec.alias] ?? VectorLength(model.spec)
    let caller = limited(model.spec) { EmbeddingRecorder($0, memory: memory, length: length) }
    let embeddings = Embeddings(
      model.spec, for: origin, through: InterruptedCaller(inner: caller, interruption: interruption),
      memory: memory, flights: flights, length: length, batch: batches[model.spec.alias])
    guard let embeddings else { throw mismatch(model.spec, "embedding") }
    return embeddings
  }

  package func reward(_ model: ModelRef) throws -> any RewardModel {
    if let chat = asked(model, ChatRequest.self) { return Judge(chat) }
    guard let reward = asked(model, RewardRequest.self) else { throw mismatch(model.spec, "reward") }
    return reward
  }

  package func scorer(_ model: ModelRef) throws -> any LogprobModel {
    guard let scorer = AskedScorer(model.spec, for: origin, through: remembered(model.spec)) else {
      throw mismatch(model.spec, "logprobs")
    }
    return scorer
  }

  package func tokens(_ model: ModelRef) throws -> any TokenModel {
    guard let counter = asked(model, TokenCountRequest.self) else { throw mismatch(model.spec, "tokens") }
    return counter
  }

  package func entailment(_ model: ModelRef) throws -> any EntailmentModel {
    guard let judge = asked(model, EntailmentRequest.self) else { throw mismatch(model.spec, "entailment") }
    return judge
  }

  private func asked<A: Act>(_ model: ModelRef, _ act: A.Type) -> AskedModel<A>? {
    AskedModel(model.spec, for: origin, through: remembered(model.spec))
  }

  // MARK: The stack, from the inside out

  /// What each call goes through before it is sent. A reply is committed by the recorder, inside the limits: a call holds
  /// its slot until then. One that waits for a retry holds none.
  private func limited(_ model: ModelSpec, recording: (any Caller) -> any Caller) -> any Caller {
    let standing = standings[model.alias] ?? Standing()
    var caller = http(model, standing)
    caller = recording(caller)
    caller = StandingCaller(inner: caller, standing: standing)
    caller = GatedCaller(inner: caller, interruption: interruption)
    caller = BudgetedCaller(caller, budget: budget, gauge: gauge)
    caller = LimitedCaller(caller, pool: pools[model.alias] ?? Pool(model), clock: clock, gauge: gauge)
    caller = RetryingCaller(
      caller, breaker: breakers[Self.server(model)] ?? Breaker(), clock: clock, random: random,
      gauge: gauge)
    return caller
  }

  /// For acts whose replies are remembered as a whole.
  private func remembered(_ model: ModelSpec) -> any Caller {
    var caller = limited(model) { RecordingCaller($0, memory: memory) }
    caller = RememberingCaller(caller, memory: memory, flights: flights)
    caller = InterruptedCaller(inner: caller, interruption: interruption)
    return caller
  }

  private func http(_ model: ModelSpec, _ standing: Standing) -> any Caller {
    let doubt: @Sendable (ModelRequest) -> Void = { [say] request in
      guard standing.isFirstDoubt() else { return }
      say(
        "model '\(request.model.alias)' reports far fewer tokens than its texts have; budgets and the ledger book the estimate"
      )
    }
    return HTTPCaller(
      transport,
      // Keys are read when they are needed: checking and planning work without them.
      secrets: { [environment] in
        try model.secretHeaders(environment, keyHeader: WireFormats.keyHeader(of: model))
      }, redaction: redaction, clock: clock,
      spelling: spellings[model.alias] ?? Self.spelling(model, say), images: images, doubt: doubt,
      endpoint: { [address, interruption] in
        let base = try await address(model)
        // A server may take minutes to start.
        try interruption.check()
        return base
      })
  }

  private static func spelling(
    _ model: ModelSpec, _ say: @escaping @Sendable (String) -> Void
  ) -> LearnedSpelling {
    LearnedSpelling(Spelling(maxTokens: model.maxTokensField ?? .maxTokens)) { refusal in
      guard refusal == .systemTurn else { return }
      say(
        "model '\(model.alias)' takes no system turn; its words are put before those of the first user turn")
    }
  }

  private static func server(_ model: ModelSpec) -> String { model.endpoint ?? "launch:\(model.alias)" }

  /// The address in the pipeline file.
  @Sendable package static func endpoint(of model: ModelSpec) async throws -> String {
    guard let endpoint = model.endpoint else {
      throw ModelError(.refused, "expected an endpoint for model '\(model.alias)', found none")
    }
    return endpoint
  }

  private func mismatch(_ model: ModelSpec, _ act: String) -> ModelError {
    ModelError(
      .unsupported,
      "expected a model of kind \(act), found '\(model.alias)' of kind \(model.kind.rawValue)")
  }
}
