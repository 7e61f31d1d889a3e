internal import OrderedCollections
package import RetortCore

/// Scores predicted parsings against gold rows, as the organisers of the shared task LLM-SR do (XLLM at ACL 2025, task
/// III). A gold row without a prediction scores 0: a mean over the rows is one over all gold rows.
package struct ScoreStructure: RowStage {
  package static let name = "score-structure"
  package static let version = 1
  package static let summary =
    "Score predicted parsings against gold rows: F1 of conditions, statements, evidence and verdicts, or of the lists and "
    + "fields of a structure of one's own."
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
    "structure":
      "Structure file with the lists to score; default the task's own. A list of texts and each field have an F1 of their "
      + "own: items are matched by their first text, and a field counts where those are right that its act is given.",
    "threshold_of":
      "With a structure: the threshold of a list of texts or of a text field, by LIST or LIST.FIELD; default as thresholds "
      + "has it (page: 0.95 and 0.9).",
  ]
  package static let laterKeys: Set = ["structure", "threshold_of"]
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
    package var structure: StructureFile?
    package var thresholdOf: [String: Double]?

    package init(
      metric: Metric? = nil, command: [String]? = nil, entailment: ModelRef? = nil,
      thresholds: StructureThresholds.Known? = nil, questionThreshold: Double? = nil,
      statementThreshold: Double? = nil, evidenceThreshold: Double? = nil, structure: StructureFile? = nil,
      thresholdOf: [String: Double]? = nil
    ) {
      self.structure = structure
      self.thresholdOf = thresholdOf
      self.metric = metric
      self.command = command
      self.entailment = entailment
      self.thresholds = thresholds
      self.questionThreshold = questionThreshold
      self.statementThreshold = statementThreshold
      self.evidenceThreshold = evidenceThreshold
    }

    package enum CodingKeys: String, CodingKey {
      case metric, command, entailment, thresholds, structure
      case thresholdOf = "threshold_of"
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
    /// The columns of a structure of one's own, which stand in place of all others.
    var given: Columns?

    package init(similarity: String, thresholds: StructureThresholds) {
      self.similarity = similarity
      self.thresholds = thresholds
    }

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

    package func encode(to encoder: any Encoder) throws {
      if let given { return try given.encode(to: encoder) }
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(questionF1, forKey: .questionF1)
      try container.encode(statementF1, forKey: .statementF1)
      try container.encode(evidenceF1, forKey: .evidenceF1)
      try container.encode(reasoningF1, forKey: .reasoningF1)
      try container.encode(prediction, forKey: .prediction)
      try container.encode(predictionFaults, forKey: .predictionFaults)
      try container.encode(matched, forKey: .matched)
      try container.encode(predictedQuestionParsing, forKey: .predictedQuestionParsing)
      try container.encode(predictedCotParsing, forKey: .predictedCotParsing)
      try container.encode(similarity, forKey: .similarity)
      try container.encode(thresholds, forKey: .thresholds)
    }
  }

  package var reads: [ColumnUse] { (["id"] + lists).map { ColumnUse($0) } }

  package var adds: [String]? {
    guard let byLists else { return ColumnUse.properties(of: Output.self).map(\.name) }
    return byLists.scorer.aspects.map(\.column) + ["prediction", "prediction_faults", "matched"]
      + lists.map { "predicted_\($0)" } + ["similarity", "thresholds"]
  }

  package var sets: [SetRole] {
    Self.sets.map { role in
      SetRole(role.name, required: role.required, columns: ["id"] + lists, help: role.help)
    }
  }

  private var lists: [String] { byLists?.form.lists.keys.elements ?? ["question_parsing", "cot_parsing"] }

  private let scorer: StructureScorer
  /// Where a structure of one's own says what is scored.
  private let byLists: (form: StructureForm, scorer: ListScorer)?
  private let predictions: Once<Predictions>

  package init(_ config: Config, in workspace: Workspace) throws {
    let metric = config.metric ?? .lexical
    guard config.command?.isEmpty != true, config.command == nil || metric == .meteor else {
      throw StageError("command: expected a program, and metric: meteor with it, found \(metric.rawValue)")
    }
    let similarity = StructureSimilarity(
      meteor: metric == .meteor
        ? Meteor(config.command ?? ["score-meteor"], folder: workspace.folder, in: workspace.surroundings)
        : nil,
      judge: try config.entailment.map { try workspace.entailment($0) })
    scorer = StructureScorer(similarity: similarity, thresholds: try Self.thresholds(config))
    if let structure = config.structure?.structure {
      try Self.refuse(config)
      byLists = (
        StructureForm(structure),
        try ListScorer(
          structure, similarity: similarity, thresholds: scorer.thresholds, of: config.thresholdOf ?? [:])
      )
    } else {
      guard config.thresholdOf == nil else {
        throw StageError("threshold_of: expected the key 'structure' beside it, found none")
      }
      byLists = nil
    }
    let set = workspace.set("predictions", as: Columns.self)
    predictions = Once {
      var predictions = Predictions()
      guard let set else { return predictions }
      for try await element in set { predictions.add(element.value) }
      return predictions
    }
  }

  /// Keys that speak of the task's own structure.
  private static func refuse(_ config: Config) throws {
    let own = [
      ("question_threshold", config.questionThreshold), ("statement_threshold", config.statementThreshold),
      ("evidence_threshold", config.evidenceThreshold),
    ]
    let mistakes = own.filter { $0.1 != nil }.map { name, _ in
      StageError("\(name): expected threshold_of in its place beside a structure", at: [name])
    }
    if !mistakes.isEmpty { throw StageErrors(mistakes) }
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
    if let byLists { return try await process(input, id: id, by: byLists.form, byLists.scorer) }
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

  private func process(
    _ input: Columns, id: String, by form: StructureForm, _ scorer: ListScorer
  ) async throws -> Outcome<Output> {
    let gold = ScoredLists(input, as: form)
    guard gold.faults.isEmpty else {
      return .drop(reason: "gold unreadable", detail: gold.faults.joined(separator: "; "))
    }
    var score = ListScorer.Score()
    var prediction = Prediction.missing
    var faults: [String] = []
    let row = try await predictions.value.rows[id]
    if let row {
      let predicted = ScoredLists(row, as: form)
      faults = predicted.faults
      prediction = predicted.isUnreadable ? .unreadable : faults.isEmpty ? .scored : .faulty
      if !predicted.isUnreadable { score = try await scorer.score(predicted, against: gold) }
    }
    var columns: JSON.Object = [:]
    for aspect in scorer.aspects { columns[aspect.column] = .double(score.f1[aspect.name] ?? 0) }
    columns["prediction"] = .string(prediction.rawValue)
    columns["prediction_faults"] = .array(faults.map(JSON.string))
    columns["matched"] = .object(
      JSON.Object(
        uniqueKeysWithValues: try scorer.aspects.map {
          ($0.name, try JSON(encoding: score.matched[$0.name] ?? []))
        }))
    for list in lists { columns["predicted_\(list)"] = row?[list] ?? .null }
    columns["similarity"] = .string(scorer.similarity.name)
    columns["thresholds"] = .object(
      JSON.Object(
        uniqueKeysWithValues: scorer.aspects.filter(\.isText).map { ($0.name, .double($0.threshold)) }))
    var output = Output(similarity: scorer.similarity.name, thresholds: self.scorer.thresholds)
    output.prediction = prediction
    output.given = Columns(columns)
    return .emit([output])
  }
}
