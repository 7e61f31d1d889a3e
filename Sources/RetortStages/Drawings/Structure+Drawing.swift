internal import Foundation
internal import OrderedCollections
package import RetortCore

/// How many conditions and steps rows were taken apart into, and how the steps were judged.
private func conditions(_ rows: [Columns]) -> Picture {
  let counts = rows.compactMap { $0["question_parsing"]?.array.map { Double($0.count) } }
  return Picture(
    "Conditions of a question", .histogram([.init("questions", counts)], x: "conditions"),
    caption: "Median \(Drawn.number(Drawn.median(counts))).")
}

private func steps(_ rows: [Columns]) -> [Picture] {
  let lists = rows.compactMap { $0["cot_parsing"]?.array }
  let counts = lists.map { Double($0.count) }
  let verdicts = lists.flatMap { $0 }.map { step -> String in
    switch step["Verification"]?.string?.lowercased() {
    case "true": "entailed"
    case "false": "not entailed"
    default: "other words"
    }
  }
  let entailed = verdicts.count { $0 == "entailed" }
  return [
    Picture(
      "Steps of a chain of thought", .histogram([.init("chains", counts)], x: "steps"),
      caption: "Median \(Drawn.number(Drawn.median(counts)))."),
    Picture(
      "Does the evidence entail the step?",
      .bars(
        Drawn.counts(verdicts) { $0 == "entailed" ? .good : $0 == "not entailed" ? .bad : .faint }, x: "steps"
      ),
      caption: "\(Drawn.share(entailed, of: verdicts.count, "step")) are entailed."),
  ]
}

/// The lists of a structure of one's own, as it is recorded with a stage; nil where it names none.
private func structured(_ config: JSON) -> JSON.Object? { config["structure"]?["lists"]?.object }

/// How many items each list has, and how often which word of an enum.
private func drawing(of lists: JSON.Object) -> Drawing {
  Drawing(Array(lists.keys)) { rows in
    lists.flatMap { name, list -> [Picture] in
      let found = rows.compactMap { $0[name]?.array }
      let counts = found.map { Double($0.count) }
      let many = list["many"]?.string ?? name
      let enums = (list["fields"]?.object ?? [:]).filter { $0.value["values"]?.array != nil }.keys
      return [
        Picture(
          "Number of \(many)", .histogram([.init("rows", counts)], x: many),
          caption: "Median \(Drawn.number(Drawn.median(counts))).")
      ]
        + enums.map { field in
          let words = found.flatMap { $0 }.map { $0[field]?.string ?? "none" }
          return Picture("\(field) of \(many)", .bars(Drawn.counts(words), x: many))
        }
    }
  }
}

extension ParseQuestion {
  package static func drawing(_ config: JSON) -> Drawing? {
    structured(config).map { RetortStages.drawing(of: $0) }
      ?? Drawing(["question_parsing"]) { [conditions($0)] }
  }
}

extension ParseRationale {
  package static func drawing(_ config: JSON) -> Drawing? {
    structured(config).map { RetortStages.drawing(of: $0) } ?? Drawing(["cot_parsing"], steps)
  }
}

extension InferStructure {
  package static func drawing(_ config: JSON) -> Drawing? {
    structured(config).map { RetortStages.drawing(of: $0) }
      ?? Drawing(["question_parsing", "cot_parsing"]) { [conditions($0)] + steps($0) }
  }
}

extension ScoreStructure {
  /// Of a structure of one's own; the scores of the task's are plotted.
  package static func drawing(_ config: JSON) -> Drawing? {
    guard let lists = structured(config) else { return nil }
    let names = lists.flatMap { name, list in
      list["fields"]?.object.map { $0.keys.map { "\(name)_\($0)" } } ?? [name]
    }
    return Drawing(names.map { "\($0)_f1" }) { rows in
      let bars = names.map { name in
        Picture.Bar(name, Drawn.mean(rows.compactMap { $0.drawn("\(name)_f1") }))
      }
      return [Picture("F1 of predicted lists and their fields", .bars(bars, x: "mean F1 over all gold rows"))]
    }
  }
}

extension SynthesizeRationale {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["cot", "question", "cot_finish"]) { rows in
      let lengths = rows.compactMap { row -> Picture.Point? in
        guard let question = row["question"]?.string, let rationale = row["cot"]?.string else { return nil }
        return Picture.Point(Double(question.count), Double(rationale.count))
      }
      let ratios = lengths.filter { $0.x > 0 }.map { $0.y / $0.x }
      return [
        Picture(
          "Length of the rationale",
          .histogram([.init("rationales", lengths.map(\.y))], x: "length (characters)")),
        Picture(
          "Length of question and rationale",
          .points([.init("row", lengths)], x: "question (characters)", y: "rationale (characters)"),
          caption:
            "A rationale has \(Drawn.number(Drawn.median(ratios))) times the question's length (median)."),
      ]
    }
  }
}

extension RetrieveDemonstrations {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["demonstration_similarities"]) { rows in
      let lists = rows.map {
        $0["demonstration_similarities"]?.array?.compactMap(\.number).filter(\.isFinite) ?? []
      }
      let nearest = lists.compactMap(\.first)
      return [
        Picture(
          "How near the demonstrations are",
          .histogram(
            [
              .init("nearest", nearest, .good),
              .init("others", lists.flatMap { $0.dropFirst() }, .plain),
            ].filter { !$0.values.isEmpty }, x: "cosine of the embeddings"),
          caption: "The nearest one has \(Drawn.number(Drawn.median(nearest))) (median).")
      ]
    }
  }
}

extension GeneratePuzzles {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["kind"]) { rows in
      [Picture("Kinds of puzzles", .bars(Drawn.counts(rows.compactMap { $0["kind"]?.string }), x: "puzzles"))]
    }
  }
}

extension ScoreReward {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["reward_with_few_shot", "reward_without_few_shot"]) { rows in
      let points = rows.compactMap { $0.point("reward_without_few_shot", "reward_with_few_shot") }
      guard let low = points.flatMap({ [$0.x, $0.y] }).min(),
        let high = points.flatMap({ [$0.x, $0.y] }).max()
      else {
        return []
      }
      let above = points.count { $0.y > $0.x }
      let apart = points.count { $0.x > 0 && $0.y <= 0 || $0.x <= 0 && $0.y > 0 }
      return [
        Picture(
          "The same rationale, with and without demonstrations",
          .points(
            [
              .init("equal", [.init(low, low), .init(high, high)], .faint, isLine: true),
              .init("rationale", points),
            ], x: "reward without (logits)", y: "reward with (logits)"),
          caption:
            "\(Drawn.share(above, of: points.count, "rationale")) gain by demonstrations; for \(apart) the two are on "
            + "different sides of 0.")
      ]
    }
  }
}
