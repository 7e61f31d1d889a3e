internal import OrderedCollections

/// Classifiers under the `/predict` of Text Embeddings Inference.
struct TEIPredict: RewardFormat {
  static let kind = ModelSpec.Kind.teiPredict
  static let path = "/predict"

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    ["inputs": [[act.question, act.answer]], "raw_scores": true, "truncate": true]
  }

  func hasForm(_ reply: JSON) -> Bool { (reply.array?.first?.array ?? reply.array)?.first?["score"] != nil }

  func score(in reply: JSON) throws -> RewardScore {
    let list = reply.array ?? []
    return try RewardScores.score(labelled: list.first?.array ?? list)
  }
}
