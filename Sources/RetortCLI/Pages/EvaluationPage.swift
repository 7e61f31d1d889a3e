internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStages

/// The scores of all gold rows.
struct StructureReport: Encodable {
  struct ScoredRow: Encodable {
    let id: String
    let score: ScoreStructure.Output

    func encode(to encoder: any Encoder) throws {
      var fields = JSON.Object()
      fields["id"] = .string(id)
      for (name, value) in try JSON(encoding: score).object ?? [:]
      where !["similarity", "thresholds"].contains(name) {
        fields[name] = value
      }
      try JSON.object(fields).encode(to: encoder)
    }
  }

  let similarity: String
  let thresholds: StructureThresholds
  let gold: Int
  let predicted: Int
  /// Over all gold rows; one without a prediction is 0.
  let overGold: StructureF1
  /// Over the gold rows with a prediction, as the organisers' script has it; nil where there are none.
  let overPredicted: StructureF1?
  /// Ids of gold rows.
  let missing: [String]
  let unreadable: [String]
  let faulty: [String]
  /// Ids that several predictions have, or several gold rows.
  let duplicates: [String]
  let goldDuplicates: [String]
  /// Ids of predictions without a gold row.
  let extra: [String]
  let unnamed: Int
  /// Records of the predictions' file that are no objects.
  let broken: [String]
  let rows: [ScoredRow]

  enum CodingKeys: String, CodingKey {
    case similarity, thresholds, gold, predicted
    case overGold = "over_gold"
    case overPredicted = "over_predicted"
    case missing, unreadable, faulty, duplicates
    case goldDuplicates = "gold_duplicates"
    case extra, unnamed, broken, rows
  }

  /// - Parameters:
  ///   - broken: records of the predictions' file that are no objects.
  ///   - scored: what became of each gold row, in their order.
  /// Errors: ``CommandFailure`` for a gold row that cannot be read.
  init(
    predicted: [Columns], broken: [String], gold: [Columns], scored: [Outcome<ScoreStructure.Output>]
  ) throws {
    var rows: [ScoredRow] = []
    var faults: [String] = []
    for (index, (row, outcome)) in zip(gold, scored).enumerated() {
      switch outcome {
      case .emit(let outputs): rows += outputs.map { ScoredRow(id: Predictions.id(of: row) ?? "", score: $0) }
      case .drop(let reason, let detail): faults.append("row \(index): \(reason): \(detail)")
      case .samples: break
      }
    }
    guard faults.isEmpty, let first = rows.first?.score, let mean = StructureF1.mean(rows.map(\.score.f1))
    else {
      throw CommandFailure.cannotRun(
        "expected gold rows, found others: \(faults.prefix(5).joined(separator: "; "))")
    }
    var predictions = Predictions()
    for row in predicted { predictions.add(row) }
    var known: OrderedSet<String> = []
    var again: OrderedSet<String> = []
    for row in rows where !known.append(row.id).inserted { again.append(row.id) }

    func ids(_ fate: ScoreStructure.Prediction) -> [String] {
      rows.filter { $0.score.prediction == fate }.map(\.id)
    }
    let found = rows.map(\.score).filter { $0.prediction != .missing }
    self.rows = rows
    similarity = first.similarity
    thresholds = first.thresholds
    self.gold = rows.count
    self.predicted = found.count
    overGold = mean
    overPredicted = .mean(found.map(\.f1))
    missing = ids(.missing)
    unreadable = ids(.unreadable)
    faulty = ids(.faulty)
    duplicates = predictions.duplicates
    goldDuplicates = Array(again)
    extra = predictions.ids.filter { !known.contains($0) }
    unnamed = predictions.unnamed
    self.broken = broken
  }
}

/// Scores as text, 80 columns wide.
enum EvaluationPage {
  static func lines(_ report: StructureReport) -> [String] {
    let columns = ["F1, mean over", "question", "statement", "evidence", "reasoning"]
    func row(_ name: String, _ mean: StructureF1?) -> [String] {
      let numbers = mean.map { [$0.question, $0.statement, $0.evidence, $0.reasoning] }
      return [name] + (numbers?.map { String(format: "%.4f", $0) } ?? ["–", "–", "–", "–"])
    }
    let table = [
      columns, row("all \(report.gold) gold rows", report.overGold),
      row("the \(report.predicted) with a prediction", report.overPredicted),
    ]
    let widths = columns.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    let limits = report.thresholds
    var lines = table.map { row in
      row.enumerated().map { column, text in
        let fill = String(repeating: " ", count: widths[column] - text.count)
        return column == 0 ? text + fill : fill + text
      }.joined(separator: "  ")
    }
    lines += [
      "similarity: \(report.similarity)\(isTheTasks(report) ? "" : " (the shared task's is meteor x entailment)")",
      "thresholds: question \(limits.question), statement \(limits.statement), evidence \(limits.evidence)",
    ]
    lines += counts(report)
    return lines
  }

  private static func isTheTasks(_ report: StructureReport) -> Bool {
    report.similarity == "meteor x entailment"
  }

  private static func counts(_ report: StructureReport) -> [String] {
    var lines: [String] = []
    func tell(_ what: String, _ ids: [String]) {
      if !ids.isEmpty { lines.append("\(what): \(ids.count) (\(named(ids)))") }
    }
    tell("gold rows without a prediction, which score 0", report.missing)
    tell("predictions that cannot be read, which score 0", report.unreadable)
    tell("predictions read in part, the rest counts as wrong", report.faulty)
    tell("predicted more than once, the first counts", report.duplicates)
    tell("predictions without a gold row, left out", report.extra)
    tell("ids of more than one gold row, each scored", report.goldDuplicates)
    if report.unnamed > 0 { lines.append("predictions without an id, left out: \(report.unnamed)") }
    if !report.broken.isEmpty {
      lines.append("records that are no prediction, left out: \(report.broken.count)")
      lines += report.broken.prefix(shown).map { "  \(Terminal.safe($0))" }
    }
    let faults = report.rows.flatMap { row in row.score.predictionFaults.map { "\(row.id): \($0)" } }
    if !faults.isEmpty {
      lines.append("read with doubt, or not at all: \(faults.count)")
      lines += faults.prefix(shown).map { "  \(Terminal.safe($0))" }
      if faults.count > shown { lines.append("  and \(faults.count - shown) more; --json has all") }
    }
    return lines
  }

  private static let shown = 5

  private static func named(_ ids: [String]) -> String {
    let first = ids.prefix(shown).map { Terminal.safe(String($0.prefix(20))) }
    return (first + (ids.count > shown ? ["…"] : [])).joined(separator: ", ")
  }
}
