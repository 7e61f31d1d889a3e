internal import OrderedCollections

/// Reward models under SGLang's `/classify`.
struct SGLangClassify: RewardFormat {
  static let kind = ModelSpec.Kind.sglangClassify
  static let path = "/classify"

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    ["model": .string(model.name), "text": act.transcript]
  }

  func hasForm(_ reply: JSON) -> Bool {
    reply["embedding"] != nil || reply.array?.first?["embedding"] != nil
  }

  func score(in reply: JSON) throws -> RewardScore {
    try RewardScores.score(of: (reply.array?.first ?? reply)["embedding"])
  }
}
