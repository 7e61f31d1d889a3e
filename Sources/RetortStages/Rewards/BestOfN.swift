internal import Foundation

/// What choosing the best of n responses by a proxy is worth by another reward (best-of-n sampling; as a study of
/// over-optimisation: arXiv 2210.10760, section 2): means over all draws, none of them sampled.
enum BestOfN {
  /// How far the choice is from the policy that sampled, in nats: `log n - (n - 1) / n`.
  static func divergence(_ n: Int) -> Double { log(Double(n)) - Double(n - 1) / Double(n) }

  /// The expected gold reward of the response of the highest proxy among n. Equal proxies share their place.
  ///
  /// - Parameters:
  ///   - proxy: by which is chosen, in any unit; `gold`: what the choice is worth; as many.
  ///   - n: 1 or more.
  ///   - replacing: whether a response may be drawn twice.
  /// - Returns: nil where n different responses are to be drawn and there are fewer.
  static func expected(_ gold: [Double], by proxy: [Double], n: Int, replacing: Bool) -> Double? {
    let count = proxy.count
    guard count > 0, n >= 1, replacing || n <= count else { return nil }
    let order = proxy.indices.sorted { proxy[$0] < proxy[$1] }
    var (sum, below, place) = (0.0, 0.0, 0)
    while place < count {
      var end = place
      var worth = 0.0
      while end < count, proxy[order[end]] == proxy[order[place]] {
        worth += gold[order[end]]
        end += 1
      }
      let upTo = within(end, of: count, n: n, replacing: replacing)
      sum += (upTo - below) * worth / Double(end - place)
      (below, place) = (upTo, end)
    }
    return sum
  }

  /// The probability that all n drawn are among the lowest `low`.
  private static func within(_ low: Int, of count: Int, n: Int, replacing: Bool) -> Double {
    if replacing { return pow(Double(low) / Double(count), Double(n)) }
    return (0..<n).reduce(1) { $0 * Double(max(0, low - $1)) / Double(count - $1) }
  }
}
