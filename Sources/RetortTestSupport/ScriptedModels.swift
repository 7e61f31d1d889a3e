package import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore

/// A chat model whose replies come from a closure.
package struct ScriptedModel: ChatModel {
  private let answer: @Sendable (ChatRequest) async throws -> ChatReply

  package init(_ answer: @escaping @Sendable (ChatRequest) async throws -> ChatReply) { self.answer = answer }

  /// Answers every request with the same text.
  package init(saying text: String) { self.init { _ in ChatReply(text: text) } }

  package func reply(to request: ChatRequest) async throws -> ChatReply { try await answer(request) }
}

/// An embedding model whose vectors come from a closure, one for each text.
package struct ScriptedEmbedding: EmbeddingModel {
  private let answer: @Sendable ([String]) async throws -> [[Float]]

  package init(_ answer: @escaping @Sendable ([String]) async throws -> [[Float]]) { self.answer = answer }

  package func embed(_ texts: [String]) async throws -> [[Float]] { try await answer(texts) }
}

/// A reward model whose scores come from a closure.
package struct ScriptedReward: RewardModel {
  private let answer: @Sendable ([ChatMessage]) async throws -> RewardScore

  package init(_ answer: @escaping @Sendable ([ChatMessage]) async throws -> RewardScore) {
    self.answer = answer
  }

  package func score(_ conversation: [ChatMessage]) async throws -> RewardScore {
    try await answer(conversation)
  }
}

/// A scorer whose log-probabilities come from a closure.
package struct ScriptedScorer: LogprobModel {
  private let answer: @Sendable (String, [ChatMessage]) async throws -> [TokenLogprob]

  package init(_ answer: @escaping @Sendable (String, [ChatMessage]) async throws -> [TokenLogprob]) {
    self.answer = answer
  }

  package func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob] {
    try await answer(completion, messages)
  }
}

/// A counter of tokens whose counts come from a closure.
package struct ScriptedTokens: TokenModel {
  private let answer: @Sendable (String) async throws -> Int

  package init(_ answer: @escaping @Sendable (String) async throws -> Int) { self.answer = answer }

  package func count(_ text: String) async throws -> Int { try await answer(text) }
}

/// A judge of entailment whose probabilities come from a closure: given premise and hypothesis.
package struct ScriptedEntailment: EntailmentModel {
  private let answer: @Sendable (String, String) async throws -> EntailmentScore

  package init(_ answer: @escaping @Sendable (String, String) async throws -> EntailmentScore) {
    self.answer = answer
  }

  package func entailment(of hypothesis: String, from premise: String) async throws -> EntailmentScore {
    try await answer(premise, hypothesis)
  }
}

/// Hands out scripted models, whatever a stage names. An act that was given no script refuses.
package struct ScriptedProvider: ModelProvider {
  private let chatModel: ScriptedModel
  private let embeddingModel: ScriptedEmbedding
  private let rewardModel: ScriptedReward
  private let scorerModel: ScriptedScorer
  private let tokenModel: ScriptedTokens
  private let entailmentModel: ScriptedEntailment

  package init(
    chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply = { _ in throw unscripted("chat") },
    embedding: @escaping @Sendable ([String]) async throws -> [[Float]] = { _ in
      throw unscripted("embedding")
    },
    reward: @escaping @Sendable ([ChatMessage]) async throws -> RewardScore = { _ in
      throw unscripted("reward")
    },
    scorer: @escaping @Sendable (String, [ChatMessage]) async throws -> [TokenLogprob] = { _, _ in
      throw unscripted("logprobs")
    },
    tokens: @escaping @Sendable (String) async throws -> Int = { _ in throw unscripted("tokens") },
    entailment: @escaping @Sendable (String, String) async throws -> EntailmentScore = { _, _ in
      throw unscripted("entailment")
    }
  ) {
    chatModel = ScriptedModel(chat)
    embeddingModel = ScriptedEmbedding(embedding)
    rewardModel = ScriptedReward(reward)
    scorerModel = ScriptedScorer(scorer)
    tokenModel = ScriptedTokens(tokens)
    entailmentModel = ScriptedEntailment(entailment)
  }

  package func chat(_ model: ModelRef) throws -> any ChatModel { chatModel }
  package func embedding(_ model: ModelRef) throws -> any EmbeddingModel { embeddingModel }
  package func reward(_ model: ModelRef) throws -> any RewardModel { rewardModel }
  package func scorer(_ model: ModelRef) throws -> any LogprobModel { scorerModel }
  package func tokens(_ model: ModelRef) throws -> any TokenModel { tokenModel }
  package func entailment(_ model: ModelRef) throws -> any EntailmentModel { entailmentModel }
}

/// What an act answers that the test gave no script for.
package func unscripted(_ act: String) -> ModelError {
  ModelError(.unsupported, "expected a script for the \(act) model, found none")
}
