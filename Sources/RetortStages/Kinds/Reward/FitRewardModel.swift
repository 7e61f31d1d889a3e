internal import OrderedCollections
package import RetortCore

/// Fits a head that answers with a reward's mean and deviation to preference pairs (PURM, arXiv 2503.22480).
package struct FitRewardModel: SetStage {
  package static let name = "fit-reward-model"
  package static let version = 1
  package static let summary =
    "Fit a reward model (mean and deviation of a response's reward) to preference pairs over their embeddings."
  package static let laterKeys: Set = ["loss"]
  package static let keys = [
    "model": "The embedding model.",
    "loss":
      "What it is fitted by: stated (-log E sigmoid(z), the paper's likelihood; the default) or code (-E log sigmoid(z), as the authors' code).",
    "held_out":
      "Share of the questions that the report is made on, and of the rest that early stopping goes by; default 0.2.",
    "epochs": "Most passes over the pairs; default 200.",
    "patience": "Passes without a better validation loss after which fitting stops; default 20.",
    "learning_rate": "Adam's step; default 0.01.",
    "weight_decay": "Decay of the weights, 0 or more; default 0.01.",
    "seed": "Chooses the split and the order of the pairs; default 0.",
  ]

  /// Both texts of each pair, as many in a request as go into one.
  package static func workload(of config: Config) -> Workload {
    let most = Double(config.model.spec.maxInputs ?? 64)
    return Workload { rows in
      let calls = max(1, (2 * rows / most).rounded(.up))
      return calls...calls
    }
  }

  package static let heads: HeadColumns? = HeadColumns(fitted: "held_out", plain: "bradley_terry")

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var heldOut: Double?
    package var epochs: Int?
    package var patience: Int?
    package var learningRate: Double?
    package var weightDecay: Double?
    package var seed: Int?
    package var loss: PairLoss?

    package enum CodingKeys: String, CodingKey {
      case model, epochs, patience, seed, loss
      case heldOut = "held_out"
      case learningRate = "learning_rate"
      case weightDecay = "weight_decay"
    }

    package init(model: ModelRef, heldOut: Double? = nil, seed: Int? = nil) {
      self.model = model
      self.heldOut = heldOut
      self.seed = seed
    }
  }

  package struct Input: Codable, Sendable {
    package var question: String?
    package var chosen: String
    package var rejected: String
  }

  package struct Output: Codable, Hashable, Sendable {
    package var rewardModel: RewardHead
    /// The pass whose weights these are, from 1; 0 where none did better than a coin.
    package var epoch: Int
    package var trainingPairs: Int
    package var validationPairs: Int
    /// On questions that neither the weights nor early stopping saw.
    package var heldOut: HeadReport
    /// The same of a head without deviations, fitted in the same way.
    package var bradleyTerry: HeadReport

    package enum CodingKeys: String, CodingKey {
      case epoch
      case rewardModel = "reward_model"
      case trainingPairs = "training_pairs"
      case validationPairs = "validation_pairs"
      case heldOut = "held_out"
      case bradleyTerry = "bradley_terry"
    }
  }

  private let model: any EmbeddingModel
  private let share: Double
  private let options: RewardHeadFit.Options

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.embedding(config.model)
    share = config.heldOut ?? 0.2
    var options = RewardHeadFit.Options()
    options.epochs = config.epochs ?? options.epochs
    options.patience = config.patience ?? options.patience
    options.learningRate = config.learningRate ?? options.learningRate
    options.weightDecay = config.weightDecay ?? options.weightDecay
    options.seed = config.seed ?? 0
    options.loss = config.loss ?? .stated
    self.options = options
    guard share > 0, share < 1 else {
      throw StageError("held_out: expected above 0 and below 1, found \(share)")
    }
    guard options.epochs >= 1, options.patience >= 1 else {
      throw StageError(
        "epochs, patience: expected 1 or more, found \(options.epochs) and \(options.patience)")
    }
    guard options.learningRate > 0, options.weightDecay >= 0 else {
      throw StageError(
        "learning_rate, weight_decay: expected above 0 and 0 or more, found \(options.learningRate) and "
          + "\(options.weightDecay)")
    }
  }

  package func process(_ rows: RowSet<Input>, into sink: MakingSink<Output>) async throws {
    let pairs = try await rows.all().map(\.value)
    guard !pairs.isEmpty else { return }
    let texts = pairs.flatMap {
      [FittedReward.text($0.question ?? "", $0.chosen), FittedReward.text($0.question ?? "", $0.rejected)]
    }
    let vectors = try await FittedReward.embed(texts, by: model)
    var parts: [Part: [EmbeddedPair]] = [:]
    let part = try split(pairs)
    for (index, pair) in pairs.enumerated() {
      parts[part(pair), default: []].append(
        EmbeddedPair(chosen: vectors[2 * index], rejected: vectors[2 * index + 1]))
    }
    let (training, validation, held) = (
      parts[.training] ?? [], parts[.validation] ?? [], parts[.heldOut] ?? []
    )
    let fit = try RewardHeadFit(training, validation: validation, options)
    var plain = options
    plain.spread = false
    plain.loss = .stated
    let bradleyTerry = try RewardHeadFit(training, validation: validation, plain)
    try await sink.make(
      Output(
        rewardModel: fit.head, epoch: fit.epoch, trainingPairs: training.count,
        validationPairs: validation.count, heldOut: HeadReport(fit.head, on: held),
        bradleyTerry: HeadReport(bradleyTerry.head, on: held)),
      from: Array(pairs.indices))
  }

  private enum Part { case training, validation, heldOut }

  /// Which part a pair belongs to. Pairs of one question stay together: a head would recognise the question.
  private func split(_ pairs: [Input]) throws -> (Input) -> Part {
    let questions = OrderedSet(pairs.map(Self.question)).map {
      (position: SeededOrder.position(of: $0, seed: options.seed), question: $0)
    }.sorted { ($0.position, $0.question) < ($1.position, $1.question) }.map(\.question)
    guard questions.count >= 3 else {
      throw StageError(
        "expected pairs of 3 questions or more, to fit on, to stop by and to report on, found "
          + "\(questions.count)")
    }
    let held = min(questions.count - 2, max(1, Int((share * Double(questions.count)).rounded())))
    let rest = questions.count - held
    let validation = min(rest - 1, max(1, Int((share * Double(rest)).rounded())))
    let heldOut = Set(questions[..<held])
    let judged = Set(questions[held..<held + validation])
    return { pair in
      let question = Self.question(pair)
      return heldOut.contains(question) ? .heldOut : judged.contains(question) ? .validation : .training
    }
  }

  /// Without questions, each pair is by itself.
  private static func question(_ pair: Input) -> String {
    pair.question ?? "\(pair.chosen)\u{0}\(pair.rejected)"
  }
}
