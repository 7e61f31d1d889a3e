internal import OrderedCollections
package import RetortCore

extension InjectRefinement {
  package static func drawing(_ config: JSON) -> Drawing? {
    let refines = config["refines"]?.string ?? "refines"
    return Drawing(["golf_role", "golf_hard", "golf_injected", "golf_reward", "group", refines]) { rows in
      var groups: OrderedDictionary<JSON, Kind> = [:]
      for row in rows {
        let isRefinement = row["golf_role"] == "refinement"
        guard let name = row[isRefinement ? refines : "group"], !name.isNull else { continue }
        groups[name, default: Kind()].add(row, isRefinement: isRefinement)
      }
      let kinds = Array(groups.values)
      let hard = kinds.filter(\.isHard)
      let bars = [
        Picture.Bar("all", Double(kinds.count), .faint),
        Picture.Bar("hard", Double(hard.count), .bad),
        Picture.Bar("hard, refined", Double(hard.count { !$0.refinements.isEmpty })),
        Picture.Bar("hard, refined right", Double(hard.count(where: \.isRefinedRight)), .good),
        Picture.Bar("injected", Double(kinds.count { $0.injected > 0 }), .good),
      ]
      let shares = [
        Picture.Values("attempts", kinds.compactMap { Self.share($0.attempts) }, .plain),
        Picture.Values("refinements", kinds.compactMap { Self.share($0.refinements) }, .good),
      ].filter { !$0.values.isEmpty }
      let injected = kinds.reduce(0) { $0 + $1.injected }
      return [
        Picture(
          "Groups by kind", .bars(bars, x: "groups"),
          caption:
            "\(Drawn.share(hard.count(where: \.isRefinedRight), of: hard.count, "hard group")) got a right refinement; "
            + "\(injected) \(injected == 1 ? "member was" : "members were") replaced."),
        Picture(
          "Share of a group that is right", .histogram(shares, x: "share of its responses, after injection")),
      ]
    }
  }

  /// What a group's rows say of it.
  private struct Kind {
    var isHard = false
    var injected = 0
    var attempts: [Bool] = []
    var refinements: [Bool] = []

    var isRefinedRight: Bool { refinements.contains(true) }

    mutating func add(_ row: Columns, isRefinement: Bool) {
      let isRight = row.drawn("golf_reward").map(GOLF.isRight) ?? false
      if isRefinement { refinements.append(isRight) } else { attempts.append(isRight) }
      if row["golf_hard"] == true { isHard = true }
      if row["golf_injected"] == true { injected += 1 }
    }
  }

  private static func share(_ verdicts: [Bool]) -> Double? {
    verdicts.isEmpty ? nil : Double(verdicts.count { $0 }) / Double(verdicts.count)
  }
}
