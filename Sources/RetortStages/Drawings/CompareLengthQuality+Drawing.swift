internal import Foundation
package import RetortCore

extension CompareLengthQuality {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["group", "length", "correct", "reward", "twyn_score", "twyn_advantage"]) { rows in
      let groups = Drawn.groups(rows)
      let panels = Drawn.panels(groups) { $0.point("length", "twyn_score") }
      let judged = groups.compactMap { shortestRightLeads($0.rows) }
      let wrongAbove = groups.compactMap { wrongLeads($0.rows) }
      var words: [String] = []
      if !judged.isEmpty {
        words.append(
          "The shortest right response has the highest score in "
            + "\(Drawn.share(judged.count { $0 }, of: judged.count, "group")) that have right ones of unequal length."
        )
      }
      if !wrongAbove.isEmpty {
        words.append(
          "A wrong one is above a right one in \(Drawn.share(wrongAbove.count { $0 }, of: wrongAbove.count, "mixed group"))."
        )
      }
      let relative = groups.flatMap { group -> [(row: Columns, share: Double)] in
        let lengths = group.rows.compactMap { $0.drawn("length") }
        let mean = Drawn.mean(lengths)
        return mean > 0 ? group.rows.compactMap { row in row.drawn("length").map { (row, $0 / mean) } } : []
      }
      let shares = Dictionary(relative.map { ($0.row, $0.share) }) { first, _ in first }
      let clouds = Drawn.byVerdict(relative.map(\.row)) { row in
        guard let share = shares[row], let advantage = row.drawn("twyn_advantage") else { return nil }
        return Picture.Point(share, advantage)
      }
      return [
        Picture(
          "Length against score, group by group",
          .panels(panels, x: "length (tokens)", y: "TWYN score"), caption: words.joined(separator: " ")),
        Picture(
          "Length in its group against advantage",
          .points(clouds, x: "length / mean length of the group", y: "TWYN advantage"),
          caption: "Left of 1 are responses that are shorter than their group's mean."),
      ]
    }
  }

  /// Nil where a group has no two right responses of unequal length.
  private static func shortestRightLeads(_ rows: [Columns]) -> Bool? {
    let right = rows.filter { $0.verdict == true }.compactMap { $0.point("length", "twyn_score") }
    guard Set(right.map(\.x)).count > 1, let least = right.map(\.x).min(), let best = right.map(\.y).max()
    else {
      return nil
    }
    return right.contains { $0.x == least && $0.y == best }
  }

  /// Nil where not both right and wrong ones are there.
  private static func wrongLeads(_ rows: [Columns]) -> Bool? {
    let right = rows.filter { $0.verdict == true }.compactMap { $0.drawn("twyn_score") }
    let wrong = rows.filter { $0.verdict == false }.compactMap { $0.drawn("twyn_score") }
    guard let least = right.min(), let most = wrong.max() else { return nil }
    return most > least
  }
}

extension PairLengthQuality {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["chosen", "rejected", "pair_relation", "pair_weight"]) { rows in
      let points = ["better", "shorter"].map { relation in
        Picture.Cloud(
          relation == "better" ? "better" : "as good and shorter",
          rows.filter { $0["pair_relation"]?.string == relation }.compactMap { row in
            guard let chosen = row["chosen"]?.string, let rejected = row["rejected"]?.string else {
              return nil
            }
            return Picture.Point(Double(rejected.count), Double(chosen.count))
          }, relation == "better" ? .good : .other)
      }.filter { !$0.points.isEmpty }
      let all = points.flatMap(\.points)
      let most = all.map { max($0.x, $0.y) }.max() ?? 0
      let shorter = all.count { $0.y < $0.x }
      let diagonal = Picture.Cloud("equal length", [.init(0, 0), .init(most, most)], .faint, isLine: true)
      return [
        Picture(
          "Lengths of what is chosen and what is rejected",
          .points(
            points.isEmpty ? [] : points + [diagonal], x: "rejected (characters)", y: "chosen (characters)"),
          caption: "The chosen one is the shorter one in \(Drawn.share(shorter, of: all.count, "pair"))."),
        Picture(
          "Weights of the pairs",
          .histogram(
            ["better", "shorter"].map { relation in
              .init(
                relation == "better" ? "better" : "as good and shorter",
                rows.filter { $0["pair_relation"]?.string == relation }.compactMap {
                  $0.drawn("pair_weight")
                },
                relation == "better" ? .good : .other)
            }, x: "pair weight")),
      ]
    }
  }

  package static var makesNoneWhere: String? {
    "no two completions of a group differ in quality or, being as good, in length"
  }
}
