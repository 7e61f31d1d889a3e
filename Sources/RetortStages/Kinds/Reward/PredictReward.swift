internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Gives each response a reward's mean and deviation (PURM, arXiv 2503.22480).
package struct PredictReward: RowStage {
  package static let name = "predict-reward"
  package static let version = 1
  package static let summary =
    "Give each response a reward's mean and deviation, from a reward model that states both or from a judge's scores."
  package static let keys = [
    "model":
      "With a reward model under using: the embedding model it was fitted on. Without: a model of kind vllm-purm, which states both, or a chat model that judges.",
    "completion": "The column with the response; default 'completion'.",
    "samples": "How often a judge is asked, 4 or more; default 8.",
    "temperature": "A judge's sampling temperature; default 1, since equal scores have no deviation.",
    "seed": "Seed of a judge's first score; each further one adds one. Default none.",
    ImageColumns.key: ImageColumns.judgeHelp,
  ]
  package static let laterKeys: Set = [ImageColumns.key]
  package static let sets = [FittedReward.role]

  package static let drawsSamples = true
  private static let defaultSamples = 8
  package static let plots = PlottedColumns.own(["reward_sigma", "reward_mean"].map { PlottedColumn($0) })

  package static func workload(of config: Config) -> Workload {
    // With a fitted head it embeds each response once.
    let draws = config.model.spec.kind == .embedding ? 1 : config.samples ?? defaultSamples
    var workload = Workload(
      samples: draws, repairs: 0, maxTokens: 8, countKeys: ["samples"], keepsRows: true)
    workload.samples = 1
    return workload
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var completion: String?
    package var samples: Int?
    package var temperature: Double?
    package var seed: Int?
    package var images: [String]?

    package init(model: ModelRef, samples: Int? = nil, images: [String]? = nil) {
      self.images = images
      self.model = model
      self.samples = samples
    }
  }

  package typealias Input = Columns

  package enum Source: String, Codable, Hashable, Sendable, CaseIterable {
    /// A fitted head, or a model that states both: logits.
    case model
    /// Mean and deviation of scores from 0 to 10; a stand-in that is not the paper's.
    case judgeMoments = "judge_moments"
  }

  package struct Output: Codable, Hashable, Sendable {
    package var mean: Double
    /// In the mean's unit, above 0.
    package var sigma: Double
    package var source: Source

    package enum CodingKeys: String, CodingKey {
      case mean = "reward_mean"
      case sigma = "reward_sigma"
      case source = "reward_source"
    }

    package init(mean: Double, sigma: Double, source: Source) {
      self.mean = mean
      self.sigma = sigma
      self.source = source
    }
  }

  private enum Judged {
    case fitted(FittedReward)
    case stated(any RewardModel)
    case judge(any ChatModel)
  }

  package var reads: [ColumnUse] { [ColumnUse("question"), ColumnUse(completion)] + images.reads }
  private let judged: Judged
  private let completion: String
  private let samples: Int
  private let sampling: Sampling
  private let images: ImageColumns

  package init(_ config: Config, in workspace: Workspace) throws {
    completion = config.completion ?? "completion"
    images = try ImageColumns(
      config.images, judgedBy: [.embedding, .vllmPURM].contains(config.model.spec.kind) ? nil : config.model)
    samples = config.samples ?? Self.defaultSamples
    sampling = try SamplingKeys.check(
      Sampling(temperature: config.temperature ?? 1, seed: config.seed, maxTokens: 8))
    if let set = workspace.set(FittedReward.role.name, as: Columns.self) {
      guard config.samples == nil, config.temperature == nil, config.seed == nil else {
        throw StageError(
          "samples, temperature, seed: expected a judge with them, found using.reward_model")
      }
      judged = .fitted(FittedReward(try workspace.embedding(config.model), set))
    } else if config.model.spec.kind == .vllmPURM {
      guard config.samples == nil, config.temperature == nil, config.seed == nil else {
        throw StageError(
          "samples, temperature, seed: expected a judge with them, found a model that states mean and deviation"
        )
      }
      judged = .stated(try workspace.reward(config.model))
    } else {
      judged = .judge(try workspace.chat(config.model))
      guard (4...1024).contains(samples) else {
        throw StageError("samples: expected 4 to 1024, found \(samples)")
      }
    }
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    guard let answer = input[completion]?.string, !answer.isEmpty else {
      return .drop(
        reason: "no completion",
        detail: "expected a text in '\(completion)', found \(input.found(completion))")
    }
    let question = input["question"]?.string ?? ""
    switch judged {
    case .fitted(let reward):
      let found = try await reward.reward(FittedReward.text(question, answer))
      return Self.outcome(found.mean, found.sigma)
    case .stated(let model):
      let found = try await model.score((question.isEmpty ? [] : [.user(question)]) + [.assistant(answer)])
      return Self.outcome(found.logit, found.sigma ?? .nan)
    case .judge(let model): return try await moments(question, answer, of: input, by: model)
    }
  }

  private static func outcome(_ mean: Double, _ sigma: Double) -> Outcome<Output> {
    guard RewardScore(logit: mean, probability: 0, scale: "", sigma: sigma).isSane else {
      return .drop(
        reason: "bad reward",
        detail:
          "expected a mean and a deviation up to \(RewardScore.largest) in size, found \(mean) and \(sigma)")
    }
    return .emit([
      Output(mean: mean, sigma: max(RewardDistribution.floor, sigma), source: .model)
    ])
  }

  private func moments(
    _ question: String, _ answer: String, of row: Columns, by model: any ChatModel
  ) async throws -> Outcome<Output> {
    let text = """
      Rate the answer to the question with a whole number from 0 (useless) to 10 (perfect).

      Question:
      \(question)

      Answer:
      \(answer)

      Reply with the number alone.
      """
    let asked: [ChatMessage]
    do { asked = try images.shown(in: [.user(text)], of: row, marks: false) } catch {
      return .drop(reason: error.reason, detail: error.detail)
    }
    let replies = try await SamplingKeys.draw(
      samples, of: ChatRequest(asked, sampling: sampling), from: model)
    let scores = replies.compactMap { reply in
      reply.text.firstMatch(of: /\d+(?:\.\d+)?/).flatMap { Double($0.output) }
    }.filter { (0...10).contains($0) }
    guard scores.count >= 4 else {
      return .drop(
        reason: "too few scores",
        detail: "expected 4 scores from 0 to 10 or more among \(samples) replies, found \(scores.count)")
    }
    let mean = scores.reduce(0, +) / Double(scores.count)
    let square = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count - 1)
    // Scores are rounded to whole numbers: what lies within one cannot be told apart.
    let floor = 1 / 12.0.squareRoot()
    return .emit([Output(mean: mean, sigma: max(floor, square.squareRoot()), source: .judgeMoments)])
  }
}
