internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// What drawings have in common: how they read rows, in which anything may stand, and how they name it.
enum Drawn {
  /// Groups of two rows or more, in the order of their first rows.
  static func groups(_ rows: [Columns]) -> [(name: String, rows: [Columns])] {
    let named = rows.filter { $0["group"] != nil && $0["group"] != .null }
    return OrderedDictionary(grouping: named) { $0["group"]?.string ?? $0["group"]?.text ?? "" }
      .filter { $0.value.count > 1 }.map { ($0.key, $0.value) }
  }

  /// Points apart by what a verifier said of their rows.
  static func byVerdict(_ rows: [Columns], _ point: (Columns) -> Picture.Point?) -> [Picture.Cloud] {
    [("right", true as Bool?, Picture.Tone.good), ("wrong", false, .bad), ("not verified", nil, .plain)]
      .map { name, verdict, tone in
        Picture.Cloud(name, rows.filter { $0.verdict == verdict }.compactMap(point), tone)
      }.filter { !$0.points.isEmpty }
  }

  /// Small pictures of at most six groups, those first in which some are right and some wrong, then
  /// those with the most to see.
  static func panels(
    _ groups: [(name: String, rows: [Columns])], _ point: (Columns) -> Picture.Point?
  ) -> [Picture.Panel] {
    func interest(_ group: (name: String, rows: [Columns])) -> Int {
      (Set(group.rows.compactMap(\.verdict)).count > 1 ? 1_000_000 : 0)
        + Set(group.rows.compactMap(point)).count
    }
    let ordered = groups.map { (interest: interest($0), group: $0) }.enumerated().sorted {
      ($1.element.interest, $0.offset) < ($0.element.interest, $1.offset)
    }.map(\.element.group)
    let panels = ordered.prefix(6).map { Picture.Panel($0.name, byVerdict($0.rows, point)) }
    return panels.filter { !$0.clouds.isEmpty }
  }

  /// `3 of 7 groups`.
  static func share(_ part: Int, of all: Int, _ noun: String) -> String {
    "\(part) of \(all) \(noun)\(all == 1 ? "" : "s")"
  }

  static func number(_ value: Double) -> String { Figure.short(value) }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let half = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }

  /// Bars of how many rows say what, the commonest first, 12 at most.
  static func counts(_ words: [String], _ tone: (String) -> Picture.Tone = { _ in .plain }) -> [Picture.Bar] {
    let counts = OrderedDictionary(grouping: words) { $0 }.mapValues(\.count)
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(12).map { Picture.Bar($0.key, Double($0.value), tone($0.key)) }
    let rest = sorted.dropFirst(12).map(\.value).reduce(0, +)
    return shown + (rest > 0 ? [Picture.Bar("others", Double(rest), .faint)] : [])
  }
}

extension Columns {
  /// A number that can be drawn.
  func drawn(_ column: String) -> Double? {
    guard let number = self[column]?.number, number.isFinite, abs(number) <= 1e100 else { return nil }
    return number
  }

  /// What a verifier found, `true` and `false` or 1 and 0.
  var verdict: Bool? {
    self["correct"]?.bool ?? self["correct"]?.number.flatMap { $0 == 1 ? true : $0 == 0 ? false : nil }
  }

  func point(_ x: String, _ y: String) -> Picture.Point? {
    guard let x = drawn(x), let y = drawn(y) else { return nil }
    return Picture.Point(x, y)
  }
}
