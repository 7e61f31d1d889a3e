internal import OrderedCollections

/// A model that is asked one act on somebody's behalf, in its wire format and through a stack of callers.
struct AskedModel<A: Act>: Sendable {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let format: any ActFormat<A>
  private let caller: any Caller

  init(
    _ model: ModelSpec, for origin: CallOrigin = CallOrigin(), in format: any ActFormat<A>,
    through caller: any Caller
  ) {
    self.model = model
    self.origin = origin
    self.format = format
    self.caller = caller
  }

  /// Nil where the model cannot be asked such an act.
  init?(_ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller) {
    guard let format = WireFormats.format(of: A.self, for: model) else { return nil }
    self.init(model, for: origin, in: format, through: caller)
  }

  /// - Parameter check: throws at an answer that nobody could use: it is not remembered.
  /// Errors: ``ModelError``, ``Halt``, and those of `check`.
  func answer(
    _ act: A, accepting check: @escaping @Sendable (A.Answer) throws -> Void = { _ in }
  ) async throws -> A.Answer {
    try format.refuse(act, to: model)
    let reply = try await caller.answer(format.request(act, of: model, for: origin, accepting: check))
    let answer = A.noted(try format.answer(act, in: try reply.read(), isNew: false), reply)
    try check(answer)
    return answer
  }
}

extension AskedModel: ChatModel where A == ChatRequest {
  func reply(to request: ChatRequest) async throws -> ChatReply {
    try await answer(request.without(model.omit))
  }

  func reply(
    to request: ChatRequest, accepting check: @escaping @Sendable (ChatReply) throws -> Void
  ) async throws -> ChatReply { try await answer(request.without(model.omit), accepting: check) }
}

extension AskedModel: RewardModel where A == RewardRequest {
  func score(_ conversation: [ChatMessage]) async throws -> RewardScore {
    try await answer(try RewardRequest(conversation))
  }
}

extension AskedModel: EntailmentModel where A == EntailmentRequest {
  func entailment(of hypothesis: String, from premise: String) async throws -> EntailmentScore {
    try await answer(EntailmentRequest(premise: premise, hypothesis: hypothesis))
  }
}

extension AskedModel: TokenModel where A == TokenCountRequest {
  func count(_ text: String) async throws -> Int {
    if text.isEmpty { return 0 }
    do { return try await answer(TokenCountRequest(text)) } catch var error as ModelError {
      if error.status == 404 || error.status == 405 {
        error.message +=
          "; tokens: endpoint asks at /tokenize, which vLLM and llama.cpp have; with another server say tokens: wide"
      }
      throw error
    }
  }
}

/// A model that says how likely texts are.
struct AskedScorer: LogprobModel, ServerQuestions {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let format: any ScoringFormat
  private let caller: any Caller

  /// Nil where the model cannot.
  init?(_ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller) {
    guard let format = WireFormats.scoring(for: model) else { return nil }
    self.model = model
    self.origin = origin
    self.format = format
    self.caller = caller
  }

  func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob] {
    try await format.logprobs(of: completion, after: messages, asking: self)
  }

  func ask<Answer: Sendable>(_ question: ServerQuestion<Answer>) async throws -> Answer {
    try await AskedModel(model, for: origin, in: ServerWords<Answer>(), through: caller).answer(question)
  }
}
