internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// Numbers about numbers.
enum Statistics {
  /// The smallest value that at least `share` (0...1) of the values are not above (nearest rank); nil for no values.
  static func quantile(_ share: Double, of values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    let rank = Int((share * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank, 1), sorted.count) - 1]
  }

  static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Spearman's rank correlation, -1...1, equal values sharing their mean rank; nil for fewer than 3 pairs or where one
  /// side does not vary.
  static func rankCorrelation(_ pairs: [(x: Double, y: Double)]) -> Double? {
    guard pairs.count >= 3 else { return nil }
    let (x, y) = (ranks(pairs.map(\.x)), ranks(pairs.map(\.y)))
    let middle = Double(pairs.count + 1) / 2
    let (dx, dy) = (x.map { $0 - middle }, y.map { $0 - middle })
    let spread = (dx.map { $0 * $0 }.reduce(0, +) * dy.map { $0 * $0 }.reduce(0, +)).squareRoot()
    return spread > 0 ? zip(dx, dy).map { $0 * $1 }.reduce(0, +) / spread : nil
  }

  /// The chance that a value of `right` is above one of `wrong`, ties counted half (Mann-Whitney): the area under the ROC
  /// curve, 0...1; nil where one side is empty.
  static func rocArea(right: [Double], wrong: [Double]) -> Double? {
    guard !right.isEmpty, !wrong.isEmpty else { return nil }
    let (n, m) = (Double(right.count), Double(wrong.count))
    let sum = ranks(right + wrong).prefix(right.count).reduce(0, +)
    return (sum - n * (n + 1) / 2) / (n * m)
  }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return ranks
  }

  /// Round numbers that cover `low...high`: steps of 1, 2 or 5 times a power of ten, about `count` of them.
  static func ticks(from low: Double, to high: Double, about count: Int = 5) -> [Double] {
    guard low.isFinite, high.isFinite else { return [0, 1] }
    let span = high > low ? high - low : max(abs(high), 1)
    let raw = span / Double(max(1, count))
    let power = pow(10, floor(log10(raw)))
    let step = ([1, 2, 5, 10].first { $0 * power >= raw * 0.999 } ?? 10) * power
    let (first, last) = (floor(low / step), ceil((low + span) / step))
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// How many values are in each of `count` equal parts of `low...high`; `high` itself is in the last.
  static func histogram(_ values: [Double], from low: Double, to high: Double, bins count: Int)
    -> [Int]
  {
    var bins = [Int](repeating: 0, count: count)
    for value in values where value >= low && value <= high {
      // Halved, since the width of what a double can hold is none.
      let share = (value / 2 - low / 2) / (high / 2 - low / 2)
      bins[min(count - 1, Int(bounded: (share * Double(count)).rounded(.down)))] += 1
    }
    return bins
  }
}
