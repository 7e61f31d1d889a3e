internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// The plots of a report.
enum Charts {
  struct Series {
    let name: String
    let values: [Double]
    let style: String
  }

  /// One outline for each series, over shared bins; nil without values.
  static func histogram(_ title: String, _ series: [Series], x label: String, y: String = "rows") -> HTMLText?
  {
    guard let (axis, bins) = binned(series, label), let most = bins.flatMap({ $0 }).max() else { return nil }
    let plot = Plot(
      title, x: axis, y: .init(y, counts: most),
      keys: series.map { ("\($0.name) (\(Figure.count($0.values.count)))", $0.style) })
    let marks = zip(series, bins).map { series, counts -> HTMLText in
      let width = (axis.high - axis.low) / Double(counts.count)
      var path = "M\(point(plot, axis.low, 0))"
      for (bin, count) in counts.enumerated() {
        let from = axis.low + Double(bin) * width
        path += "L\(point(plot, from, Double(count)))L\(point(plot, from + width, Double(count)))"
      }
      path += "L\(point(plot, axis.high, 0))Z"
      return "<path class=\"area \(series.style)\" d=\"\(path)\"/>"
    }
    return plot.svg(marks)
  }

  /// One column for each bin, the series on top of each other; nil without values.
  static func stackedHistogram(_ title: String, _ series: [Series], x label: String) -> HTMLText? {
    guard let (axis, bins) = binned(series, label), let first = bins.first else { return nil }
    let sums = first.indices.map { bin in bins.map { $0[bin] }.reduce(0, +) }
    let plot = Plot(
      title, x: axis, y: .init("rows", counts: sums.max() ?? 1),
      keys: series.map { ("\($0.name) (\(Figure.count($0.values.count)))", $0.style) })
    let width = (axis.high - axis.low) / Double(first.count)
    let marks = first.indices.flatMap { bin -> [HTMLText] in
      var below = 0
      return zip(series, bins).compactMap { series, counts in
        guard counts[bin] > 0 else { return nil }
        defer { below += counts[bin] }
        let (left, right) = (
          plot.px(axis.low + Double(bin) * width), plot.px(axis.low + Double(bin + 1) * width)
        )
        let (top, bottom) = (plot.py(Double(below + counts[bin])), plot.py(Double(below)))
        return Plot.rect(
          left + 0.5, top, right - left - 1, bottom - top, series.style,
          hint: "\(series.name): \(counts[bin])")
      }
    }
    return plot.svg(marks)
  }

  /// Dots of each kind, of which at most ``mostDots`` are drawn, evenly chosen; lines through all of their points.
  struct Cloud {
    let name: String
    let points: [(x: Double, y: Double)]
    let style: String
    var isLine = false
  }

  static let mostDots = 2000

  /// Nil for fewer than two points.
  static func scatter(_ title: String, _ clouds: [Cloud], x: String, y: String, note: String = "")
    -> HTMLText?
  {
    guard let (right, up) = axes(clouds, x, y) else { return nil }
    let plot = Plot(title, x: right, y: up, keys: keys(clouds), note: note)
    return plot.svg(marks(clouds, in: plot))
  }

  /// Axes that hold all dots, and lines where there are none.
  static func axes(_ clouds: [Cloud], _ x: String, _ y: String, about count: Int = 6) -> (
    x: Plot.Axis, y: Plot.Axis
  )? {
    let all = clouds.flatMap(\.points)
    guard all.count > 1, let left = all.map(\.x).min(), let right = all.map(\.x).max(),
      let low = all.map(\.y).min(), let high = all.map(\.y).max()
    else { return nil }
    return (.init(x, from: left, to: right, about: count), .init(y, from: low, to: high, about: count))
  }

  static func keys(_ clouds: [Cloud]) -> [Plot.Key] {
    clouds.map { cloud in
      guard !cloud.isLine else { return (cloud.name, cloud.style) }
      let count = cloud.points.count
      let shown =
        count > mostDots ? "\(Figure.count(mostDots)) of \(Figure.count(count))" : Figure.count(count)
      return ("\(cloud.name) (\(shown))", cloud.style)
    }
  }

  static func marks(_ clouds: [Cloud], in plot: Plot) -> [HTMLText] {
    clouds.flatMap { cloud -> [HTMLText] in
      if cloud.isLine { return [plot.line(cloud.points, cloud.style)] }
      let count = min(cloud.points.count, mostDots)
      return (0..<count).map { plot.dot(cloud.points[$0 * cloud.points.count / count], cloud.style) }
    }
  }

  struct Bar {
    let name: String
    /// From left to right.
    let parts: [(value: Double, style: String, hint: String)]
    var note = ""
  }

  /// Lying bars, one below the other.
  static func bars(_ title: String, _ bars: [Bar], x label: String, keys: [Plot.Key] = []) -> HTMLText? {
    let longest = bars.map { $0.parts.map(\.value).reduce(0, +) }.max() ?? 0
    guard longest > 0 else { return nil }
    let note = bars.map(\.note.count).max() ?? 0
    let (width, left, right) = (640.0, 196.0, min(260, max(78, 16 + 5.8 * Double(note))))
    let (top, row) = (keys.isEmpty ? 28.0 : 44.0, 22.0)
    let bottom = top + row * Double(bars.count)
    let axis = Plot.Axis(label, from: 0, to: longest, about: 5)
    func px(_ value: Double) -> Double { left + value / axis.high * (width - left - right) }
    var parts: [HTMLText] = []
    for tick in axis.ticks {
      parts.append(Plot.line(px(tick), top, px(tick), bottom, "grid"))
      parts.append(Plot.text(px(tick), bottom + 16, Figure.short(tick), "middle"))
    }
    for (place, bar) in bars.enumerated() {
      let y = top + row * Double(place)
      let name = bar.name.count > 29 ? bar.name.prefix(28) + "…" : bar.name
      parts.append(
        """
        <text x="\(Plot.number(left - 8))" y="\(Plot.number(y + 15))" text-anchor="end">\(name)<title>\(bar.name)\
        </title></text>
        """)
      var sum = 0.0
      for part in bar.parts where part.value > 0 {
        parts.append(
          Plot.rect(px(sum), y + 3, px(sum + part.value) - px(sum), row - 6, part.style, hint: part.hint))
        sum += part.value
      }
      parts.append(Plot.text(px(sum) + 6, y + 15, bar.note, "start"))
    }
    parts.append(Plot.line(left, top, left, bottom, "axis"))
    parts.append(Plot.text((left + width - right) / 2, bottom + 34, label, "middle"))
    parts.append(Plot.legend(keys, right: width))
    return Plot.frame(title, width: width, height: bottom + 44, parts)
  }

  /// Events for each minute over time; nil for fewer than two.
  ///
  /// - Parameter seconds: when each happened, from 0.
  static func rate(_ title: String, _ seconds: [Double], y: String) -> HTMLText? {
    guard seconds.count > 1, let last = seconds.max(), last > 0 else { return nil }
    let (unit, name) = last < 300 ? (1.0, "s") : last < 18_000 ? (60.0, "min") : (3600.0, "h")
    let axis = Plot.Axis("time at work (\(name))", from: 0, to: last / unit)
    let bins = min(60, max(6, seconds.count / 4))
    let counts = Statistics.histogram(seconds.map { $0 / unit }, from: 0, to: axis.high, bins: bins)
    let minutes = axis.high * unit / 60 / Double(bins)
    let rates = counts.map { Double($0) / minutes }
    let plot = Plot(title, x: axis, y: .init(y, from: 0, to: max(rates.max() ?? 0, 1e-9)))
    var path = "M\(point(plot, 0, 0))"
    for (bin, rate) in rates.enumerated() {
      let width = axis.high / Double(bins)
      path +=
        "L\(point(plot, Double(bin) * width, rate))L\(point(plot, Double(bin + 1) * width, rate))"
    }
    return plot.svg(["<path class=\"area s0\" d=\"\(path)L\(point(plot, axis.high, 0))Z\"/>"])
  }

  /// Shared bins over the range of all values: twice the cube root of the longest series (Rice's rule), 8 to 40.
  private static func binned(_ series: [Series], _ label: String) -> (axis: Plot.Axis, bins: [[Int]])? {
    let all = series.flatMap(\.values)
    guard let low = all.min(), let high = all.max() else { return nil }
    if high - low <= 30, all.allSatisfy({ $0 == $0.rounded() && abs($0) < 1e9 }) {
      let axis = Plot.Axis(label, whole: Int(low)...Int(high))
      let bins = Int(high) - Int(low) + 1
      return (axis, series.map { Statistics.histogram($0.values, from: axis.low, to: axis.high, bins: bins) })
    }
    let axis = Plot.Axis(label, from: low, to: high)
    let bins = min(40, max(8, Int(2 * cbrt(Double(series.map(\.values.count).max() ?? 0)))))
    return (axis, series.map { Statistics.histogram($0.values, from: axis.low, to: axis.high, bins: bins) })
  }

  private static func point(_ plot: Plot, _ x: Double, _ y: Double) -> String {
    "\(Plot.number(plot.px(x))) \(Plot.number(plot.py(y)))"
  }
}
