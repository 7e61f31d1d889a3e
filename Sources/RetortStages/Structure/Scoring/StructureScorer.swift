/// Above which similarity a prediction says what a reference says; each from 0 to 1.
package struct StructureThresholds: Codable, Hashable, Sendable {
  package var question: Double
  package var statement: Double
  package var evidence: Double

  package init(question: Double, statement: Double, evidence: Double) {
    self.question = question
    self.statement = statement
    self.evidence = evidence
  }

  /// The two sets that the shared task has.
  package enum Known: String, Codable, Hashable, Sendable, CaseIterable {
    /// Of the page that announces the task.
    case page
    /// What the organisers' script takes where it is told none.
    case script

    package var thresholds: StructureThresholds {
      switch self {
      case .page: StructureThresholds(question: 0.95, statement: 0.9, evidence: 0.9)
      case .script: StructureThresholds(question: 0.1, statement: 0.1, evidence: 0.1)
      }
    }
  }
}

/// The four scores of a row, or their means, each from 0 to 1.
package struct StructureF1: Codable, Hashable, Sendable {
  package var question = 0.0
  package var statement = 0.0
  package var evidence = 0.0
  package var reasoning = 0.0

  package init(question: Double = 0, statement: Double = 0, evidence: Double = 0, reasoning: Double = 0) {
    self.question = question
    self.statement = statement
    self.evidence = evidence
    self.reasoning = reasoning
  }

  package enum CodingKeys: String, CodingKey {
    case question = "question_f1"
    case statement = "statement_f1"
    case evidence = "evidence_f1"
    case reasoning = "reasoning_f1"
  }

  /// Nil for no rows.
  package static func mean(_ rows: [StructureF1]) -> StructureF1? {
    guard !rows.isEmpty else { return nil }
    func mean(_ score: (StructureF1) -> Double) -> Double {
      rows.map(score).reduce(0, +) / Double(rows.count)
    }
    return StructureF1(
      question: mean(\.question), statement: mean(\.statement), evidence: mean(\.evidence),
      reasoning: mean(\.reasoning))
  }
}

/// What of a row's parsings was matched, and its scores.
struct StructureScore: Hashable, Sendable {
  var question: [StructureMatch] = []
  var statement: [StructureMatch] = []
  /// The matched statements whose evidence matches too.
  var evidence: [StructureMatch] = []
  /// Those of them whose verdicts agree.
  var reasoning: [StructureMatch] = []
  var f1 = StructureF1()
}

/// Scores parsings as the organisers of the shared task LLM-SR do (XLLM at ACL 2025, task III): statements are matched by
/// themselves, their evidence only where they matched, their verdicts only where that matched too.
struct StructureScorer: Sendable {
  let similarity: any TextSimilarity
  let thresholds: StructureThresholds

  func score(_ predicted: ScoredStructure, against gold: ScoredStructure) async throws -> StructureScore {
    var score = StructureScore()
    if let conditions = predicted.conditions {
      let known = gold.conditions ?? []
      score.question = try await matches(conditions, known, above: thresholds.question)
      score.f1.question = GreedyMatching.f1(
        score.question.count, predicted: conditions.count, gold: known.count)
    }
    if let steps = predicted.steps { try await match(steps, with: gold.steps ?? [], in: &score) }
    return score
  }

  private func match(
    _ steps: [ScoredStructure.Step], with known: [ScoredStructure.Step], in score: inout StructureScore
  ) async throws {
    score.statement = try await matches(
      steps.map(\.statement), known.map(\.statement), above: thresholds.statement)
    for pair in score.statement {
      guard let said = steps[pair.predicted].evidence, let wanted = known[pair.gold].evidence else {
        continue
      }
      let likenesses = try await similarity.similarities(of: said, to: [wanted], above: thresholds.evidence)
      guard let likeness = likenesses.first, likeness > thresholds.evidence else { continue }
      score.evidence.append(.init(predicted: pair.predicted, gold: pair.gold, similarity: likeness))
    }
    score.reasoning = score.evidence.filter {
      let verdict = known[$0.gold].verdict
      return verdict != nil && steps[$0.predicted].verdict == verdict
    }
    func f1(_ matches: [StructureMatch]) -> Double {
      GreedyMatching.f1(matches.count, predicted: steps.count, gold: known.count)
    }
    score.f1.statement = f1(score.statement)
    score.f1.evidence = f1(score.evidence)
    score.f1.reasoning = f1(score.reasoning)
  }

  private func matches(
    _ predictions: [String?], _ references: [String?], above threshold: Double
  ) async throws -> [StructureMatch] {
    try await GreedyMatching.matches(
      predictions.indices.filter { predictions[$0] != nil },
      references: references.indices.filter { references[$0] != nil }, above: threshold
    ) { prediction, left in
      try await similarity.similarities(
        of: predictions[prediction] ?? "", to: left.map { references[$0] ?? "" }, above: threshold)
    }
  }
}
