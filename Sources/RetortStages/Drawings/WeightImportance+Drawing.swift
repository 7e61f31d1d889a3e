internal import Foundation
package import RetortCore

extension WeightImportance {
  /// PPO's usual bounds of a clipped ratio.
  private static let clip = 0.8...1.2

  private struct Sampled {
    let logRatio: Double
    let weight: Double
    /// Tokens that were weighed; nil where it is not known.
    let tokens: Double?
    let isGood: Bool

    init?(_ row: Columns, advantage: String) {
      guard let logRatio = row.drawn("log_ratio"), let weight = row.drawn("vespo_weight") else { return nil }
      self.logRatio = logRatio
      self.weight = weight
      let mask = row["mask"]?.array?.count { $0.bool ?? ($0.number.map { $0 != 0 } ?? false) }
      tokens = (mask ?? row["logprobs"]?.array?.count).flatMap { $0 > 0 ? Double($0) : nil }
      isGood = row.drawn(advantage) ?? 0 >= 0
    }

    var ratio: Double { exp(logRatio) }
    var clipped: Double {
      min(max(ratio, WeightImportance.clip.lowerBound), WeightImportance.clip.upperBound)
    }
    /// The ratio's geometric mean over tokens.
    var normalised: Double? { tokens.map { exp(logRatio / $0) } }
  }

  package static func drawing(_ config: JSON) -> Drawing? {
    let advantage = config["advantage"]?.string ?? "advantage"
    return Drawing([
      "log_ratio", "vespo_weight", "vespo_clamped", "vespo_staleness", "logprobs", "mask", advantage,
    ]) {
      rows in
      let samples = rows.compactMap { Sampled($0, advantage: advantage) }
      guard !samples.isEmpty else { return [] }
      return [kernel(samples), side(samples), size(samples, rows)]
    }
  }

  private static func kernel(_ samples: [Sampled]) -> Picture {
    let (low, high) = (samples.map(\.logRatio).min() ?? 0, samples.map(\.logRatio).max() ?? 0)
    let (from, to) = (min(low, -1), max(high, 1))
    let steps = (0...60).map { from + (to - from) * Double($0) / 60 }
    func curve(_ advantage: Double) -> [Picture.Point] {
      steps.map { Picture.Point($0, VESPO.phi(exp($0), advantage: advantage)) }
    }
    let below = samples.count { $0.weight < 0.5 }
    return Picture(
      "Log importance ratio against VESPO's weight",
      .points(
        [
          .init("φ, advantage ≥ 0", curve(1), .good, isLine: true),
          .init("φ, advantage < 0", curve(-1), .bad, isLine: true),
          .init("advantage ≥ 0", samples.filter(\.isGood).map { .init($0.logRatio, $0.weight) }, .good),
          .init("advantage < 0", samples.filter { !$0.isGood }.map { .init($0.logRatio, $0.weight) }, .bad),
        ], x: "log W (nats)", y: "φ(W)"),
      caption: "At 0 both policies agree and the weight is 1; "
        + "\(Drawn.share(below, of: samples.count, "response")) have less than half of that.")
  }

  /// Ratios above 3 would press all others flat.
  private static func side(_ samples: [Sampled]) -> Picture {
    let most = 3.0
    let ways: [(String, Picture.Tone, (Sampled) -> Double?)] = [
      ("raw W", .bad, { $0.ratio }), ("clipped", .other, { $0.clipped }),
      ("length-normalised", .plain, { $0.normalised }), ("VESPO", .good, { $0.weight }),
    ]
    let clouds = ways.map { name, tone, value in
      Picture.Cloud(
        name,
        samples.compactMap { sample in
          value(sample).flatMap { $0 <= most ? Picture.Point(sample.logRatio, $0) : nil }
        }, tone)
    }
    let above = samples.count { $0.ratio > most }
    return Picture(
      "What each way makes of the same ratio", .points(clouds, x: "log W (nats)", y: "weight"),
      caption: "Raw ratios go from \(Drawn.number(samples.map(\.ratio).min() ?? 0)) to "
        + "\(Drawn.number(samples.map(\.ratio).max() ?? 0))"
        + (above > 0 ? " (\(above) above 3 are not drawn)" : "")
        + "; dividing the sum by the length brings all of them near 1, whatever the policies say. Clipped: to 0.8…1.2."
    )
  }

  private static func size(_ samples: [Sampled], _ rows: [Columns]) -> Picture {
    let normalised = samples.compactMap(\.normalised)
    var ways = [
      ("raw W", samples.map(\.ratio), Picture.Tone.bad), ("clipped", samples.map(\.clipped), .other),
      ("VESPO", samples.map(\.weight), .good),
    ]
    if normalised.count == samples.count { ways.insert(("length-normalised", normalised, .plain), at: 2) }
    let bars = ways.map { name, weights, tone in
      let size = VESPO.effectiveSampleSize(weights)
      return Picture.Bar(name, size, note: "\(Drawn.number(size)) of \(samples.count)", tone)
    }
    let words = Drawn.counts(rows.compactMap { $0["vespo_staleness"]?.string }).map {
      "\(Drawn.number($0.value)) \($0.name)"
    }
    let cut = rows.compactMap { $0.drawn("vespo_clamped") }.max() ?? 0
    return Picture(
      "Effective sample size", .bars(bars, x: "responses"),
      caption: "How many equally weighted responses these are worth. By their batch they are: "
        + "\(words.joined(separator: ", ")). "
        + (cut > 0
          ? "In one batch \(Drawn.number(100 * cut)) % of the ratios were cut at e^±20."
          : "No ratio was cut at e^±20."))
  }
}
