internal import Foundation
package import RetortCore

extension VerifyAnswer {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["correct", "length", "group"]) { rows in
      let verdicts = rows.map {
        $0.verdict == true ? "right" : $0.verdict == false ? "wrong" : "no answer could be read"
      }
      let bars = Drawn.counts(verdicts) { $0 == "right" ? .good : $0 == "wrong" ? .bad : .faint }
      let right = verdicts.count { $0 == "right" }
      let read = verdicts.count { $0 == "wrong" } + right
      let mixed = Drawn.groups(rows).count { group in Set(group.rows.compactMap(\.verdict)).count > 1 }
      let lengths = [
        ("right", true as Bool?, Picture.Tone.good), ("wrong", false, .bad), ("unread", nil, .faint),
      ].map {
        name, verdict, tone in
        Picture.Values(name, rows.filter { $0.verdict == verdict }.compactMap { $0.drawn("length") }, tone)
      }.filter { !$0.values.isEmpty }
      return [
        Picture(
          "Verdicts", .bars(bars, x: "responses"),
          caption: "\(right) of \(read) that could be read are right; "
            + "\(mixed) groups have right and wrong ones, which is what a comparison needs."),
        Picture("Length by verdict", .histogram(lengths, x: "length (tokens)")),
      ]
    }
  }
}

extension SampleRollouts {
  package static func drawing(_ config: JSON) -> Drawing? {
    if config["tools"]?.array != nil { return rolloutDrawing }
    return Drawing(["length", "finish_reason", "group"]) { rows in
      let cut = rows.count { $0["finish_reason"]?.string == "length" }
      return [
        Picture(
          "Length of the responses",
          .histogram([.init("responses", rows.compactMap { $0.drawn("length") })], x: "length (tokens)"),
          caption: "\(Drawn.share(cut, of: rows.count, "response")) ended at the limit of tokens.")
      ]
    }
  }
}

extension SampleRollouts {
  /// Of conversations with tools.
  private static var rolloutDrawing: Drawing {
    Drawing(["stop_reason", "turns", "tool_calls", "tool_errors", "length"]) { rows in
      let ends = Drawn.counts(rows.map { $0["stop_reason"]?.string ?? "" }) {
        $0 == "answer" ? .good : $0 == "no answer" ? .faint : .bad
      }
      let called = rows.count { ($0.drawn("tool_calls") ?? 0) > 0 }
      let calls = rows.compactMap { $0.drawn("tool_calls") }.reduce(0, +)
      let faults = rows.compactMap { $0.drawn("tool_errors") }.reduce(0, +)
      return [
        Picture(
          "How the rollouts ended", .bars(ends, x: "rollouts"),
          caption:
            "\(Drawn.share(called, of: rows.count, "rollout")) called a tool; \(Drawn.number(faults)) of "
            + "\(Drawn.number(calls)) calls came to a fault."),
        Picture(
          "Replies of a rollout",
          .histogram([.init("rollouts", rows.compactMap { $0.drawn("turns") })], x: "replies of the model")),
      ]
    }
  }
}

extension ScoreLogprobs {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["logprobs"]) { rows in
      let means = rows.compactMap { row -> Double? in
        let numbers = row["logprobs"]?.array?.compactMap(\.number).filter(\.isFinite) ?? []
        return numbers.isEmpty ? nil : max(-100, Drawn.mean(numbers))
      }
      return [
        Picture(
          "Mean log-probability of a token",
          .histogram([.init("responses", means)], x: "log-probability (nats, -100 at least)"),
          caption: "Median perplexity \(Drawn.number(exp(-Drawn.median(means)))).")
      ]
    }
  }
}
