internal import OrderedCollections
package import RetortCore

/// Writes a task's instruction from labelled examples alone and chooses the best of several by the model's own
/// preference: Reversal of Thought (arXiv 2410.12323), as Less is More (arXiv 2504.16408) uses it.
///
/// Added to the method: both orders of each pair are asked, and every candidate is tried on labelled examples that
/// it was not written from. The choice stays the method's; whether the trial agrees is recorded beside it.
package struct InducePrompt: SetStage {
  package static let name = "induce-prompt"
  package static let version = 2
  package static let summary =
    "Write a task's instruction from labelled examples: several candidates, ranked by pairwise preference."
  package static let keys = [
    "model": "The model that writes, compares and tries the candidates.",
    "input": "The column that holds an example's input; default 'question'.",
    "outputs": "The columns that hold an example's output; default [question_parsing].",
    "candidates": "How many instructions are written (W); default 5.",
    "shots": "How many examples the instructions are written from; default 2.",
    "held_out": "How many further examples each candidate is tried on; default 2, 0 for none.",
    "votes": "Votes per order of a pair where the endpoint gives no log-probabilities; default 3.",
    "temperature": "Sampling temperature of the candidates; default 0.7.",
    "top_p": "Share of probability that sampling keeps; default the endpoint's.",
    "seed": "Seed of the first candidate; each further one adds one. Default none.",
    "max_tokens": "Most tokens of a candidate or of a trial's reply; default 1024.",
    "inputs":
      "In place of `input`: the columns that hold an example's input, each shown under its name where there are several. "
      + "An output that is one text is then shown and asked for as it stands.",
    "examples":
      "first (every candidate is written from the same `shots` examples) or rotate (each from the next ones, by default "
      + "as many as it takes to show all of them); default first.",
    "selection":
      "paper (mean token probability and preference) or mixed (the mean of that, of the trial by structured F1, and of "
      + "the likelihood: ours); default paper.",
    "likelihood":
      "A model of kind vllm-logprobs or llama-logprobs that says how likely the held-out outputs are under each candidate.",
  ]
  package static let laterKeys: Set = ["inputs", "examples", "selection", "likelihood"]

  package static let drawsSamples = true

  package static func workload(of config: Config) -> Workload {
    let written = Double(config.candidates ?? 5)
    let (shots, heldOut) = (Double(config.shots ?? 2), Double(config.heldOut ?? 2))
    let votes = Double(config.votes ?? 3)
    // Each is written, compared with each other one in both orders, and tried. A comparison without log-probabilities
    // takes votes besides.
    return Workload(maxTokens: config.maxTokens, countKeys: ["candidates", "held_out", "votes"]) { rows in
      let pairs = written * (written - 1)
      let sure = written + pairs + written * min(heldOut, max(0, rows - shots))
      return sure...sure + pairs * votes
    }
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var input: String?
    package var outputs: [String]?
    package var candidates: Int?
    package var shots: Int?
    package var heldOut: Int?
    package var votes: Int?
    package var temperature: Double?
    package var topP: Double?
    package var seed: Int?
    package var maxTokens: Int?
    package var inputs: [String]?
    package var examples: ExampleChoice?
    package var selection: InstructionSelection?
    package var likelihood: ModelRef?

    package enum CodingKeys: String, CodingKey {
      case model, input, outputs, candidates, shots, votes, temperature, seed
      case inputs, examples, selection, likelihood
      case heldOut = "held_out"
      case topP = "top_p"
      case maxTokens = "max_tokens"
    }

    package init(
      model: ModelRef, candidates: Int? = nil, heldOut: Int? = nil, votes: Int? = nil,
      inputs: [String]? = nil,
      outputs: [String]? = nil, examples: ExampleChoice? = nil, selection: InstructionSelection? = nil,
      likelihood: ModelRef? = nil
    ) {
      self.model = model
      self.candidates = candidates
      self.heldOut = heldOut
      self.votes = votes
      self.inputs = inputs
      self.outputs = outputs
      self.examples = examples
      self.selection = selection
      self.likelihood = likelihood
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// The chosen instruction.
    package var instruction: String
    /// Position of the chosen one among the candidates, from 0.
    package var choice: Int
    package var candidates: [String]
    /// P_res of each candidate; 0 throughout where the endpoint gives no log-probabilities.
    package var responseProbabilities: [Double]
    /// `logprobs`; `none` where the endpoint gives no log-probabilities, `refused` where it refuses to be asked.
    package var responseSource: String
    /// P(i,j) with both orders taken together, as voted.
    package var preference: [[Double]]
    /// The same after transitive strengthening.
    package var strengthened: [[Double]]
    /// `logprobs`, `votes` (counted, no probabilities) or `mixed`.
    package var preferenceSource: String
    /// S(i), which the choice goes by.
    package var scores: [Double]
    /// Mean F1 of each candidate on the held-out examples, from 0 to 1; empty when none were held out.
    package var trialScores: [Double]
    /// Whether no candidate did better in the trial than the chosen one; null without a trial.
    package var trialAgrees: Bool?
    /// How many examples the candidates were written from, all together; only where `examples` is set.
    package var examplesSeen: Int?
    /// Mean token probability (0 to 1) of the held-out outputs under each candidate; only with `likelihood`.
    package var likelihoods: [Double]?
    /// What the choice goes by under `selection: mixed`, from 0 to 1.
    package var mixedScores: [Double]?

    package enum CodingKeys: String, CodingKey {
      case instruction, choice, candidates, preference, strengthened, scores
      case responseProbabilities = "response_probabilities"
      case responseSource = "response_source"
      case preferenceSource = "preference_source"
      case trialScores = "trial_scores"
      case trialAgrees = "trial_agrees"
      case examplesSeen = "examples_seen"
      case likelihoods
      case mixedScores = "mixed_scores"
    }
  }

  package var adds: [String]? {
    let unset = [
      "examples_seen": examples == nil, "likelihoods": scorer == nil, "mixed_scores": selection == .paper,
    ]
    return ColumnUse.properties(of: Output.self).map(\.name).filter { unset[$0] != true }
  }
  package var reads: [ColumnUse] { (inputs + outputs).map { ColumnUse($0) } }
  private let model: any ChatModel
  private let inputs: [String]
  private let outputs: [String]
  private let isPlain: Bool
  private let candidates: Int
  private let examples: ExampleChoice?
  private let selection: InstructionSelection
  private let scorer: (any LogprobModel)?
  private let shots: Int?
  private let heldOut: Int
  private let votes: Int
  private let sampling: Sampling

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.chat(config.model)
    if config.input != nil, config.inputs != nil {
      throw StageError("input, inputs: expected one of them, found both")
    }
    inputs = config.inputs ?? [config.input ?? "question"]
    isPlain = config.inputs != nil
    outputs = config.outputs ?? ["question_parsing"]
    candidates = config.candidates ?? 5
    examples = config.examples
    selection = config.selection ?? .paper
    scorer = try config.likelihood.map(workspace.scorer)
    shots = config.shots
    heldOut = config.heldOut ?? 2
    votes = config.votes ?? 3
    sampling = try SamplingKeys.check(
      Sampling(
        temperature: config.temperature ?? 0.7, topP: config.topP, seed: config.seed,
        maxTokens: config.maxTokens ?? 1024))
    guard !outputs.isEmpty, !inputs.isEmpty else {
      throw StageError("\(outputs.isEmpty ? "outputs" : "inputs"): expected at least one column, found none")
    }
    guard heldOut > 0 || selection == .paper && scorer == nil else {
      throw StageError(
        "held_out: expected at least 1 for \(scorer == nil ? "selection: mixed" : "likelihood"), found 0")
    }
    for (key, value, range) in [
      ("candidates", candidates, 1...50), ("shots", shots ?? 2, 1...50), ("held_out", heldOut, 0...1000),
      ("votes", votes, 1...99),
    ] where !range.contains(value) {
      throw StageError(
        "\(key): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Output>) async throws {
    let choice = examples ?? .first
    let most = choice == .rotate ? Int.max : (shots ?? 2) + heldOut
    var pool: [Columns] = []
    for try await row in rows where pool.count < most { pool.append(row.value) }
    guard !pool.isEmpty else { return }
    let windows = ExampleWindows(
      choice, count: pool.count, candidates: candidates, shots: shots, heldOut: heldOut)
    let form = ExampleForm(inputs: inputs, outputs: outputs, isPlain: isPlain)

    let (replies, refused) = try await write(
      (0..<candidates).map { candidate in
        Self.reversal(windows.shown(to: candidate).map { form.described(pool[$0]) })
      })
    let texts = replies.map(\.text.trimmed)
    let responses = replies.map { Preference.responseProbability($0.logprobs.map(\.logprob)) }
    // One candidate without log-probabilities makes the others' incomparable.
    let known = responses.compactMap(\.self)
    let probabilities =
      known.count == responses.count ? known : [Double](repeating: 0, count: responses.count)

    let ballots = try await InstructionBallots(model: model, sampling: sampling, votes: votes).all(of: texts)
    let preference = Preference.bothOrders(ballots.map { $0.map(\.share) })
    let strengthened = Preference.strengthened(preference)
    let scores = Preference.scores(strengthened, responses: probabilities)
    let held = texts.indices.map { candidate in windows.tried(by: candidate).map { pool[$0] } }
    let trial = InstructionTrial(
      form: form, model: model, sampling: sampling, isStructured: selection == .mixed, scorer: scorer)
    let trials = try await trial.scores(of: texts, on: held)
    let likelihoods = try await trial.likelihoods(of: texts, on: held)
    let mixed =
      selection == .mixed ? Self.mean([scores] + [trials, likelihoods ?? []].filter { !$0.isEmpty }) : nil
    let chosen = Preference.best(mixed ?? scores) ?? 0
    let counted = ballots.enumerated().flatMap { row, line in
      line.enumerated().filter { $0.offset != row }.map(\.element.counted)
    }

    try await sink.make(
      Output(
        instruction: texts[chosen], choice: chosen, candidates: texts, responseProbabilities: probabilities,
        responseSource: known.count == responses.count ? "logprobs" : refused ? "refused" : "none",
        preference: preference,
        strengthened: strengthened,
        preferenceSource: !counted.contains(true) ? "logprobs" : counted.contains(false) ? "mixed" : "votes",
        scores: scores, trialScores: trials,
        trialAgrees: trials.max().map { trials[chosen] >= $0 },
        examplesSeen: examples.map { _ in windows.seen }, likelihoods: likelihoods, mixedScores: mixed),
      from: Array(0..<rows.count))
  }

  /// The mean of several scores of each candidate.
  private static func mean(_ scores: [[Double]]) -> [Double] {
    scores[0].indices.map { index in scores.reduce(0) { $0 + $1[index] } / Double(scores.count) }
  }

  /// The candidates; asked for without log-probabilities where the endpoint refuses requests for them.
  private func write(_ prompts: [[ChatMessage]]) async throws -> (replies: [ChatReply], refused: Bool) {
    func requests(_ topLogprobs: Int?) -> [ChatRequest] {
      prompts.enumerated().map { draw, messages in
        var request = ChatRequest(messages, sampling: sampling, topLogprobs: topLogprobs)
        request.draw = draw
        return request
      }
    }
    do { return (try await SamplingKeys.replies(to: requests(0), from: model), false) } catch let error
      as ModelError where error.mayRefuseLogprobs
    {
      return (try await SamplingKeys.replies(to: requests(nil), from: model), true)
    }
  }

  // MARK: Text

  private static func reversal(_ examples: [String]) -> [ChatMessage] {
    [
      .system(
        """
        You are shown inputs of an unknown task and the outputs that are right for them. Work backwards to the \
        instruction that would make a reader produce such outputs for new inputs. Write, in this order: what the \
        task is, in general terms; the procedure, as numbered steps of pseudocode; the same procedure in logical \
        notation, with connectives, quantifiers, comparisons and implications only; one worked case; and the \
        exact form of input and output. Write the instruction alone, addressed to the reader.
        """),
      .user(examples.joined(separator: "\n\n")),
    ]
  }
}
