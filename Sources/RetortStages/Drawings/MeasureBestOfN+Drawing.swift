internal import Foundation
internal import OrderedCollections
package import RetortCore

extension MeasureBestOfN {
  private static let tones: [Picture.Tone] = [.plain, .good, .other, .bad]

  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["proxy", "n", "verified", "verified_replacing", "proxy_reward", "best", "groups"]) { rows in
      let curves = OrderedDictionary(grouping: rows.filter { $0.drawn("n") ?? 0 >= 1 }) {
        $0["proxy"]?.string ?? ""
      }
      guard !curves.isEmpty else { return [] }
      return [worth(curves), against(curves)]
    }
  }

  private static func points(
    _ rows: [Columns], _ x: (Columns) -> Double?, _ y: String
  ) -> [Picture.Point] {
    rows.compactMap { row in x(row).flatMap { x in row.drawn(y).map { Picture.Point(x, $0) } } }
      .sorted { $0.x < $1.x }
  }

  /// What a choice by each proxy is worth, over growing n.
  private static func worth(_ curves: OrderedDictionary<String, [Columns]>) -> Picture {
    let doublings: (Columns) -> Double? = { $0.drawn("n").map { log2($0) } }
    var clouds = curves.enumerated().map { index, curve in
      Picture.Cloud(
        "by \(curve.key)", points(curve.value, doublings, "verified"), tones[index % tones.count],
        isLine: true)
    }
    if let first = curves.values.first {
      clouds.append(.init("the best there is", points(first, doublings, "best"), .faint, isLine: true))
    }
    let says = curves.compactMap { proxy, rows -> String? in
      let measured = rows.filter { $0.drawn("verified") != nil }
      let places = measured.sorted { $0.drawn("n") ?? 0 < $1.drawn("n") ?? 0 }
      guard let top = places.max(by: { $0.drawn("verified") ?? 0 < $1.drawn("verified") ?? 0 }),
        let last = places.last, let most = top.drawn("n"), let worth = top.drawn("verified"),
        let end = last.drawn("verified"), let n = last.drawn("n")
      else { return nil }
      return "\(proxy): \(Drawn.number(worth)) at n = \(Drawn.number(most))"
        + (most < n ? ", \(Drawn.number(end)) at n = \(Drawn.number(n))" : "")
    }
    return Picture(
      "What the best of n is worth by the verifier",
      .points(clouds, x: "log2 of n (0: one response, 6: 64)", y: "verified"),
      caption:
        "A curve that turns down has over-optimised its proxy. Highest: \(says.joined(separator: "; ")).")
  }

  /// The verifier against the proxy's own reward, a point for each n.
  private static func against(_ curves: OrderedDictionary<String, [Columns]>) -> Picture {
    let clouds = curves.enumerated().map { index, curve in
      Picture.Cloud(
        "by \(curve.key)", points(curve.value, { $0.drawn("proxy_reward") }, "verified"),
        tones[index % tones.count], isLine: true)
    }
    return Picture(
      "The verifier against the proxy that chose",
      .points(clouds, x: "reward by the proxy itself", y: "verified"),
      caption: "To the right the proxy is more pleased, upwards the verifier; each line begins at n = 1.")
  }
}
