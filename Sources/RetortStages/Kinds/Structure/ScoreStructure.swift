internal import OrderedCollections
package import RetortCore

/// Scores predicted parsings against gold rows, as the organisers of the shared task LLM-SR do (XLLM at ACL 2025, task
/// III). A gold row without a prediction scores 0: a mean over the rows is one over all gold rows.
package struct ScoreStructure: RowStage {
  package static let name = "score-structure"
  package static let version = 1
  package static let summary =
    "Score predicted parsings against gold rows: F1 of conditions, statements, evidence and verdicts."
  package static let keys = [
    "metric":
      "How words are compared: lexical (ours; the default), or meteor (NLTK's, by a helper), as the shared task has it.",
    "command":
      "For meteor: the helper and its arguments, relative to the pipeline file; default [score-meteor], found on the PATH.",
    "entailment":
      "A model of kind tei-entailment: says how likely a prediction entails a reference. Without it the lexical similarity stands in.",
    "thresholds":
      "Above which similarity a prediction matches: page (0.95 for conditions, 0.9 for statements, 0.9 for evidence; the default) or script (0.1 for all).",
    "question_threshold": "For conditions, 0 to 1; default as thresholds has it.",
    "statement_threshold": "For statements, 0 to 1; default as thresholds has it.",
    "evidence_threshold": "For evidence, 0 to 1; default as thresholds has it.",
  ]
  package static let sets = [
    SetRole(
      "predictions", columns: ["id", "question_parsing", "cot_parsing"],
      help: "What was predicted, each with the id of its gold row; the first of several counts.")
  ]
  package static let plots = PlottedColumns.own([
    PlottedColumn("question_f1", in: plot, legend: "question"),
    PlottedColumn("statement_f1", in: plot, legend: "statement"),
    PlottedColumn("evidence_f1", in: plot, legend: "evidence"),
    PlottedColumn("reasoning_f1", in: plot, legend: "reasoning"),
  ])
  private static let plot = PlottedColumn.Shared("F1 of predicted structure", axis: "F1")

  /// Only pairs that may match are asked about: with the task's thresholds a few of a row.
  package static func workload(of config: Config) -> Workload {
    var workload = Workload()
    workload.calls = { _ in 0...40 }
    return workload
  }

  package enum Metric: String, Codable, Hashable, Sendable, CaseIterable { case lexical, meteor }

  package struct Config: Codable, Sendable {
    package var metric: Metric?
    package var command: [String]?
    package var entailment: ModelRef?
    package var thresholds: StructureThresholds.Known?
    package var questionThreshold: Double?
    package var statementThreshold: Double?
    package var evidenceThreshold: Double?

    package init(
      metric: Metric? = nil, command: [String]? = nil, entailment: ModelRef? = nil,
      thresholds: StructureThresholds.Known? = nil, questionThreshold: Double? = nil,
      statementThreshold: Double? = nil, evidenceThreshold: Double? = nil
    ) {
      self.metric = metric
      self.command = command
      self.entailment = entailment
      self.thresholds = thresholds
      self.questionThreshold = questionThreshold
      self.statementThreshold = statementThreshold
      self.evidenceThreshold = evidenceThreshold
    }

    package enum CodingKeys: String, CodingKey {
      case metric, command, entailment, thresholds
      case questionThreshold = "question_threshold"
      case statementThreshold = "statement_threshold"
      case evidenceThreshold = "evidence_threshold"
    }
  }

  package typealias Input = Columns

  /// What became of a gold row's prediction.
  package enum Prediction: String, Codable, Hashable, Sendable, CaseIterable {
    case scored
    /// Some of it cannot be read, and counts as predicted and wrong.
    case faulty
    /// Neither of its parsings is a list: all scores are 0.
    case unreadable
    /// There is none: all scores are 0.
    case missing
  }

  package struct Matched: Codable, Hashable, Sendable {
    package var question: [StructureMatch] = []
    package var statement: [StructureMatch] = []
    package var evidence: [StructureMatch] = []
    package var reasoning: [StructureMatch] = []
  }

  /// Scores from 0 to 1.
  package struct Output: Codable, Hashable, Sendable {
    package var questionF1 = 0.0
    package var statementF1 = 0.0
    package var evidenceF1 = 0.0
    package var reasoningF1 = 0.0
    package var prediction = Prediction.missing
    /// What of the prediction cannot be read, or is read otherwise than it may be meant.
    package var predictionFaults: [String] = []
    package var matched = Matched()
    package var predictedQuestionParsing: JSON = .null
    package var predictedCotParsing: JSON = .null
    /// What was compared: `meteor x entailment` is the shared task's.
    package var similarity = ""
    package var thresholds = StructureThresholds.Known.page.thresholds

    package var f1: StructureF1 {
      get {
        StructureF1(
          question: questionF1, statement: statementF1, evidence: evidenceF1, reasoning: reasoningF1)
      }
      set {
        questionF1 = newValue.question
        statementF1 = newValue.statement
        evidenceF1 = newValue.evidence
        reasoningF1 = newValue.reasoning
      }
    }

    package enum CodingKeys: String, CodingKey {
      case questionF1 = "question_f1"
      case statementF1 = "statement_f1"
      case evidenceF1 = "evidence_f1"
      case reasoningF1 = "reasoning_f1"
      case prediction
      case predictionFaults = "prediction_faults"
      case matched
      case predictedQuestionParsing = "predicted_question_parsing"
      case predictedCotParsing = "predicted_cot_parsing"
      case similarity, thresholds
    }
  }

  package var reads: [ColumnUse] { ["id", "question_parsing", "cot_parsing"].map { ColumnUse($0) } }

  private let scorer: StructureScorer
  private let predictions: Once<Predictions>

  package init(_ config: Config, in workspace: Workspace) throws {
    let metric = config.metric ?? .lexical
    guard config.command?.isEmpty != true, config.command == nil || metric == .meteor else {
      throw StageError("command: expected a program, and metric: meteor with it, found \(metric.rawValue)")
    }
    scorer = StructureScorer(
      similarity: StructureSimilarity(
        meteor: metric == .meteor
          ? Meteor(config.command ?? ["score-meteor"], folder: workspace.folder, in: workspace.surroundings)
          : nil,
        judge: try config.entailment.map { try workspace.entailment($0) }),
      thresholds: try Self.thresholds(config))
    let set = workspace.set("predictions", as: Columns.self)
    predictions = Once {
      var predictions = Predictions()
      guard let set else { return predictions }
      for try await element in set { predictions.add(element.value) }
      return predictions
    }
  }

  private static func thresholds(_ config: Config) throws -> StructureThresholds {
    var thresholds = (config.thresholds ?? .page).thresholds
    func set(_ threshold: WritableKeyPath<StructureThresholds, Double>, _ value: Double?, _ name: String)
      throws
    {
      guard let value else { return }
      guard (0...1).contains(value) else { throw StageError("\(name): expected 0 to 1, found \(value)") }
      thresholds[keyPath: threshold] = value
    }
    try set(\.question, config.questionThreshold, "question_threshold")
    try set(\.statement, config.statementThreshold, "statement_threshold")
    try set(\.evidence, config.evidenceThreshold, "evidence_threshold")
    return thresholds
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    guard let id = Predictions.id(of: input) else {
      return .drop(
        reason: "no id",
        detail: "expected a text or a number in 'id', found \(input["id"]?.kind ?? "nothing")")
    }
    let gold = ScoredStructure(input)
    guard gold.faults.isEmpty else {
      return .drop(reason: "gold unreadable", detail: gold.faults.joined(separator: "; "))
    }
    var output = Output(similarity: scorer.similarity.name, thresholds: scorer.thresholds)
    guard let row = try await predictions.value.rows[id] else { return .emit([output]) }
    let predicted = ScoredStructure(row)
    output.prediction =
      predicted.isUnreadable ? .unreadable : predicted.faults.isEmpty ? .scored : .faulty
    output.predictionFaults = predicted.faults + predicted.doubts
    output.predictedQuestionParsing = row["question_parsing"] ?? .null
    output.predictedCotParsing = row["cot_parsing"] ?? .null
    guard !predicted.isUnreadable else { return .emit([output]) }
    let score = try await scorer.score(predicted, against: gold)
    output.f1 = score.f1
    output.matched = Matched(
      question: score.question, statement: score.statement, evidence: score.evidence,
      reasoning: score.reasoning)
    return .emit([output])
  }
}
