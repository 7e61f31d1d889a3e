internal import OrderedCollections
internal import RetortCore

/// Models that a round carries to the next.
extension RoundModel {
  /// The role of the set that says what a model is; in a step's key with the set's digest.
  static func role(of alias: String) -> String { "model.\(alias)" }
}

extension StageDraft {
  /// The stages that say what the models are which it asks, by the role under which it is given them.
  var modelSets: OrderedDictionary<String, String> {
    let carried = written.made?.place.models ?? [:]
    return OrderedDictionary(
      uniqueKeysWithValues: models.compactMap { alias in
        carried[alias].map { (RoundModel.role(of: alias), $0) }
      })
  }
}

extension PipelineReader {
  /// A model that is carried and that no stage of its rounds asks is a slip.
  mutating func checkModels(of rounds: RoundsRewrite, in drafts: OrderedDictionary<String, StageDraft>) {
    for block in rounds.blocks.values {
      let asked = Set(drafts.values.filter { $0.written.made?.place.block == block.name }.flatMap(\.models))
      for alias in block.models.keys where !asked.contains(alias) {
        report(
          block.node["carry"]?[entry: alias]?.keyPlace ?? block.keyPlace,
          "expected a model that a stage of these rounds asks, found '\(alias)'")
      }
    }
  }
}

/// The models of a stage, of which some are what the round before made of them.
struct CarriedModels: ModelProvider {
  let models: any ModelProvider
  /// By alias.
  let carried: [String: ModelSpec]

  func asked(by origin: CallOrigin) -> any ModelProvider {
    CarriedModels(models: models.asked(by: origin), carried: carried)
  }

  func chat(_ model: ModelRef) throws -> any ChatModel { try models.chat(now(model)) }
  func embedding(_ model: ModelRef) throws -> any EmbeddingModel { try models.embedding(now(model)) }
  func reward(_ model: ModelRef) throws -> any RewardModel { try models.reward(now(model)) }
  func scorer(_ model: ModelRef) throws -> any LogprobModel { try models.scorer(now(model)) }
  func tokens(_ model: ModelRef) throws -> any TokenModel { try models.tokens(now(model)) }
  func entailment(_ model: ModelRef) throws -> any EntailmentModel { try models.entailment(now(model)) }

  private func now(_ model: ModelRef) -> ModelRef { carried[model.spec.alias].map { ModelRef($0) } ?? model }
}
