internal import OrderedCollections

/// The reward server that OpenRLHF's scripts start.
struct OpenRLHFReward: RewardFormat {
  static let kind = ModelSpec.Kind.openrlhf
  static let path = "/get_reward"

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    ["query": [act.transcript], "prompts": [act.question]]
  }

  func hasForm(_ reply: JSON) -> Bool { reply["rewards"] != nil || reply["scores"] != nil }

  func score(in reply: JSON) throws -> RewardScore {
    try RewardScores.score(of: reply["rewards"] ?? reply["scores"])
  }
}
