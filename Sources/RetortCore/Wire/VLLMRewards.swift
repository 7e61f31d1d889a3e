internal import OrderedCollections

/// Reward models under vLLM's `/pooling`, which gives raw numbers.
struct VLLMPooling: RewardFormat {
  static let kind = ModelSpec.Kind.vllmPooling
  static let path = "/pooling"
  var promptField: String? { "messages" }

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    withoutActivation(["model": .string(model.name), "messages": prompt, "add_generation_prompt": false])
  }

  func hasForm(_ reply: JSON) -> Bool { reply.firstDatum?["data"] != nil }
  func score(in reply: JSON) throws -> RewardScore { try RewardScores.score(of: reply.firstDatum?["data"]) }
}

/// Reward models that answer with a mean and a deviation (PURM, arXiv 2503.22480), under vLLM's `/pooling`, which gives
/// the two outputs of their head as they are.
struct VLLMPURM: RewardFormat {
  static let kind = ModelSpec.Kind.vllmPURM
  static let path = "/pooling"
  var promptField: String? { "messages" }

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    VLLMPooling().body(act, prompt: prompt, to: model)
  }

  func hasForm(_ reply: JSON) -> Bool { reply.firstDatum?["data"] != nil }
  func score(in reply: JSON) throws -> RewardScore {
    try RewardScores.distribution(of: reply.firstDatum?["data"])
  }
}

/// Classifiers under vLLM's `/classify`.
struct VLLMClassify: RewardFormat {
  static let kind = ModelSpec.Kind.vllmClassify
  static let path = "/classify"
  var promptField: String? { "messages" }

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    withoutActivation(["model": .string(model.name), "messages": prompt, "add_generation_prompt": false])
  }

  func hasForm(_ reply: JSON) -> Bool { reply.firstDatum?["probs"] != nil }
  func score(in reply: JSON) throws -> RewardScore { try RewardScores.score(of: reply.firstDatum?["probs"]) }
}

/// Cross-encoders under vLLM's `/score`, which compare the question with the answer.
struct VLLMScore: RewardFormat {
  static let kind = ModelSpec.Kind.vllmScore
  static let path = "/score"

  func body(_ act: RewardRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    withoutActivation(["model": .string(model.name), "text_1": act.question, "text_2": act.answer])
  }

  func hasForm(_ reply: JSON) -> Bool { reply.firstDatum?["score"] != nil }
  func score(in reply: JSON) throws -> RewardScore { try RewardScores.score(of: reply.firstDatum?["score"]) }
}

/// Older servers know the first name, newer ones the second; each ignores the other.
private func withoutActivation(_ fields: JSON.Object) -> JSON.Object {
  var fields = fields
  fields["activation"] = false
  fields["use_activation"] = false
  return fields
}

extension JSON {
  fileprivate var firstDatum: JSON? { self["data"]?.array?.first }
}
