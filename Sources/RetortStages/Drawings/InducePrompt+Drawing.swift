internal import Foundation
package import RetortCore

extension InducePrompt {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(
      [
        "instruction", "choice", "candidates", "scores", "response_probabilities", "trial_scores",
        "trial_agrees",
        "preference_source",
      ]
    ) { rows in rows.flatMap(pictures) }
  }

  private static func pictures(_ row: Columns) -> [Picture] {
    func numbers(_ column: String) -> [Double] {
      row[column]?.array?.map { $0.number.flatMap { $0.isFinite ? $0 : nil } ?? 0 } ?? []
    }
    let (scores, trials) = (numbers("scores"), numbers("trial_scores"))
    let probabilities = numbers("response_probabilities")
    let chosen = row["choice"]?.int.map(Int.init)
    let bars = scores.enumerated().map { index, score in
      let facts = [
        "S \(Drawn.number(score))",
        probabilities.indices.contains(index) && probabilities.contains { $0 > 0 }
          ? "P \(Drawn.number(probabilities[index]))" : nil,
        trials.indices.contains(index) ? "trial F1 \(Drawn.number(trials[index]))" : nil,
        index == chosen ? "chosen" : nil,
      ]
      return Picture.Bar(
        "candidate \(index + 1)", score, note: facts.compactMap { $0 }.joined(separator: ", "),
        index == chosen ? .good : .plain)
    }
    let agrees = row["trial_agrees"]?.bool
    let source = row["preference_source"]?.string.map { " Preferences are from \($0)." } ?? ""
    return [
      Picture(
        "Candidates for the instruction", .bars(bars, x: "score S, which the choice goes by"),
        caption: (agrees.map {
          $0
            ? "In the trial on held-out examples no candidate did better than the chosen one."
            : "In the trial on held-out examples another candidate did better than the chosen one."
        } ?? "No trial was made.") + source),
      Picture("The chosen instruction", .text(row["instruction"]?.string ?? "")),
    ]
  }
}
