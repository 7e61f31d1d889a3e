internal import Foundation
package import RetortCore

extension PredictReward {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["group", "reward_mean", "reward_sigma", "reward_source", "correct"]) { rows in
      let sigmas = rows.compactMap { $0.drawn("reward_sigma") }
      let spread = Picture(
        "Mean against deviation",
        .points(
          Drawn.byVerdict(rows) { $0.point("reward_mean", "reward_sigma") }, x: "reward μ", y: "deviation σ"),
        caption: "σ from \(Drawn.number(sigmas.min() ?? 0)) to \(Drawn.number(sigmas.max() ?? 0)), median "
          + "\(Drawn.number(Drawn.median(sigmas))).")
      return [spread] + (calibration(rows).map { [$0] } ?? [])
    }
  }

  /// How sure the rewards are of which of two responses is the right one, against how often it is. Pairs within groups;
  /// at most 20 000.
  private static func calibration(_ rows: [Columns]) -> Picture? {
    var pairs: [(confidence: Double, isRight: Bool)] = []
    for group in Drawn.groups(rows) {
      let right = group.rows.filter { $0.verdict == true }.compactMap(distribution)
      let wrong = group.rows.filter { $0.verdict == false }.compactMap(distribution)
      for chosen in right {
        for rejected in wrong where pairs.count < 20_000 {
          let win = exp(chosen.logWin(over: rejected))
          pairs.append((max(win, 1 - win), win > 0.5))
        }
      }
    }
    guard !pairs.isEmpty else { return nil }
    let bins = Dictionary(grouping: pairs) {
      min(4, Int(bounded: (($0.confidence - 0.5) * 10).rounded(.down)))
    }.sorted {
      $0.key < $1.key
    }
    let points = bins.map { _, pairs in
      Picture.Point(
        Drawn.mean(pairs.map(\.confidence)), Drawn.mean(pairs.map { $0.isRight ? 1 : 0 }))
    }
    let hits = pairs.count(where: \.isRight)
    return Picture(
      "Sure of the right response, and right about it",
      .points(
        [
          .init("as sure as right", [.init(0.5, 0.5), .init(1, 1)], .faint, isLine: true),
          .init("by confidence", points),
        ], x: "confidence P", y: "share of pairs in which it is right"),
      caption:
        "Of \(pairs.count) pairs of a right and a wrong response of one group the right one has the higher reward "
        + "in \(hits). Below the line the rewards are surer than they are right.")
  }

  private static func distribution(_ row: Columns) -> RewardDistribution? {
    guard let mean = row.drawn("reward_mean"), let sigma = row.drawn("reward_sigma"), sigma > 0 else {
      return nil
    }
    return RewardDistribution(mean: mean, sigma: sigma)
  }
}

extension PenalizeUncertainty {
  package static func drawing(_ config: JSON) -> Drawing? {
    let lambda = config["lambda"]?.number ?? 1
    return Drawing(["reward_mean", "reward_sigma", "uncertainty", "reward_penalized", "correct"]) { rows in
      let points = rows.compactMap { $0.point("reward_mean", "reward_penalized") }
      let (low, high) = (points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 0)
      let free = Picture.Cloud("no penalty", [.init(low, low), .init(high, high)], .faint, isLine: true)
      let clouds = Drawn.byVerdict(rows) { $0.point("reward_mean", "reward_penalized") }
      let penalties = points.map { $0.x - $0.y }
      return [
        Picture(
          "Reward before and after the penalty",
          .points(clouds.isEmpty ? [] : [free] + clouds, x: "reward μ", y: "μ − λ u"),
          caption:
            "λ = \(Drawn.number(lambda)); the penalty goes from \(Drawn.number(penalties.min() ?? 0)) to "
            + "\(Drawn.number(penalties.max() ?? 0)), median \(Drawn.number(Drawn.median(penalties))), in the reward's unit."
        ),
        Picture(
          "Deviation against overlap with the other rewards",
          .points(
            Drawn.byVerdict(rows) { $0.point("reward_sigma", "uncertainty") }, x: "deviation σ",
            y: "uncertainty u (mean overlap)")),
      ]
    }
  }
}
