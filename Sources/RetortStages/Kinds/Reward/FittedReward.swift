internal import Foundation
internal import RetortCore

/// A reward model made of an embedding model and a head that `fit-reward-model` fitted to preferences.
struct FittedReward: RewardModel {
  static let role = SetRole(
    "reward_model", required: false, columns: ["reward_model"],
    help: "A stage of kind fit-reward-model: its head scores, on embeddings of 'model'.")

  /// How many texts one call embeds.
  private static let batch = 64

  private let model: any EmbeddingModel
  private let head: Once<RewardHead>

  init(_ model: any EmbeddingModel, _ set: RowSet<Columns>) {
    self.model = model
    head = Once {
      for try await row in set {
        guard let head = try row.value["reward_model"]?.decode(RewardHead.self) else { break }
        return head
      }
      throw StageError(
        "using.reward_model: expected a row with the head in 'reward_model', found none; did the fit emit one?"
      )
    }
  }

  func reward(_ text: String) async throws -> RewardDistribution {
    let head = try await head.value
    guard let vector = try await model.embed([text]).first, vector.count == head.meanWeights.count else {
      throw StageError(
        "expected an embedding of \(head.meanWeights.count) numbers, as the head was fitted on, found another; "
          + "give the model that fit-reward-model was given")
    }
    return head.reward(vector)
  }

  func score(_ conversation: [ChatMessage]) async throws -> RewardScore {
    let question = conversation.dropLast().map(\.content).joined(separator: "\n\n")
    let reward = try await reward(Self.text(question, conversation.last?.content ?? ""))
    return RewardScore(
      logit: reward.mean, probability: Logistic.probability(reward.mean), scale: "raw", sigma: reward.sigma)
  }

  /// What is embedded, in the form of the first author's code.
  static func text(_ question: String, _ answer: String) -> String {
    question.isEmpty ? "Answer: \(answer)" : "Question: \(question)\nAnswer: \(answer)"
  }

  static func embed(_ texts: [String], by model: any EmbeddingModel) async throws -> [[Float]] {
    var vectors: [[Float]] = []
    for start in stride(from: 0, to: texts.count, by: batch) {
      vectors += try await model.embed(Array(texts[start..<min(start + batch, texts.count)]))
    }
    guard vectors.count == texts.count, Set(vectors.map(\.count)).count <= 1 else {
      throw StageError("expected \(texts.count) vectors of one length, found \(vectors.count)")
    }
    return vectors
  }
}
