internal import Foundation
package import RetortCore

extension RescaleGroupReward {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(
      [
        "group", "length", "correct", "gr3_scale", "gr3_reward", "gr3_advantage", "gr3_condition",
        "gr3_all_max",
      ]
    ) { rows in
      let groups = Drawn.groups(rows)
      let held = groups.count { group in group.rows.contains { $0["gr3_condition"]?.bool == true } }
      let equal = groups.count { group in group.rows.contains { $0["gr3_all_max"]?.bool == true } }
      let clouds = Drawn.byVerdict(groups.flatMap(\.rows)) { $0.point("length", "gr3_advantage") }
      return [
        Picture(
          "Length against advantage, group by group",
          .panels(
            Drawn.panels(groups) { $0.point("length", "gr3_advantage") }, x: "length (tokens)",
            y: "GR3 advantage"),
          caption:
            "A best response of mean length would not lose in \(Drawn.share(held, of: groups.count, "group")); "
            + "in \(equal) all rewards are equal, and length alone tells."),
        Picture(
          "Length against advantage",
          .points(clouds, x: "length (tokens)", y: "GR3 advantage")),
        factor(groups),
      ]
    }
  }

  private static func factor(_ groups: [(name: String, rows: [Columns])]) -> Picture {
    let points = groups.flatMap { group -> [Picture.Point] in
      let mean = Drawn.mean(group.rows.compactMap { $0.drawn("length") })
      guard mean > 0 else { return [] }
      return group.rows.compactMap { row in
        guard let length = row.drawn("length"), let scale = row.drawn("gr3_scale") else { return nil }
        return Picture.Point(length / mean, scale)
      }
    }
    // One point gives alpha: S = 1 / (1 + alpha l / mean l).
    let alpha = points.first { $0.x > 0 && $0.y > 0 }.map { (1 / $0.y - 1) / $0.x }
    let most = points.map(\.x).max() ?? 0
    let curve = alpha.map { alpha in
      (0...40).map { Double($0) / 40 * most }.map { Picture.Point($0, 1 / (1 + alpha * $0)) }
    }
    let line = curve.map { [Picture.Cloud("1 / (1 + α l / mean l)", $0, .faint, isLine: true)] } ?? []
    return Picture(
      "What is left of a reward for its length",
      .points(
        points.isEmpty ? [] : line + [Picture.Cloud("response", points)],
        x: "length / mean length of the group",
        y: "factor S"),
      caption: alpha.map {
        "α = \(Drawn.number($0)): a response of mean length keeps \(Drawn.number(100 / (1 + $0))) % of its reward, one "
          + "of twice that \(Drawn.number(100 / (1 + 2 * $0))) %."
      } ?? "")
  }
}

extension CalibrateGroupReward {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["alpha", "groups", "satisfied", "rate", "chosen", "met"]) { rows in
      let table = rows.filter { $0.drawn("alpha") != nil && $0.drawn("rate") != nil }
      let bars = table.map { row in
        let chosen = row["chosen"]?.bool == true
        return Picture.Bar(
          "α = \(Drawn.number(row.drawn("alpha") ?? 0))", 100 * (row.drawn("rate") ?? 0),
          note: "\(Drawn.number(row.drawn("satisfied") ?? 0)) of \(Drawn.number(row.drawn("groups") ?? 0))"
            + (chosen ? ", chosen" : ""),
          chosen ? .good : .plain)
      }
      let chosen = table.first { $0["chosen"]?.bool == true }
      return [
        Picture(
          "Groups in which a best response of mean length would not lose, by α",
          .bars(bars, x: "% of the groups whose rewards differ"),
          caption: chosen.map {
            "Chosen: α = \(Drawn.number($0.drawn("alpha") ?? 0)), "
              + ($0["met"]?.bool == true
                ? "the largest that reaches the target." : "the smallest, since none reaches the target.")
          } ?? "")
      ]
    }
  }
}
