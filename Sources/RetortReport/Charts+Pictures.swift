internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// The pictures that kinds declare, drawn.
extension Charts {
  /// The picture under a title that names its stage; nil where too little is in it to draw.
  static func drawing(_ picture: Picture, of stage: String) -> HTMLText? {
    let title = "\(stage): \(picture.title)"
    switch picture.form {
    case .histogram(let series, let x):
      return histogram(
        title,
        series.map { .init(name: $0.name, values: $0.values.filter(isDrawable), style: style($0.tone)) }, x: x
      )
    case .points(let found, let x, let y): return scatter(title, clouds(found), x: x, y: y)
    case .panels(let found, let x, let y): return panels(title, found, x: x, y: y)
    case .bars(let found, let x):
      return bars(
        title,
        found.map { bar in
          let value = isDrawable(bar.value) ? max(0, bar.value) : 0
          let note = bar.note.isEmpty ? Figure.short(bar.value) : bar.note
          return Bar(name: bar.name, parts: [(value, style(bar.tone), "\(bar.name): \(note)")], note: note)
        }, x: x)
    case .table, .text: return nil
    }
  }

  /// The same as a table; nil for pictures whose numbers are too many to read.
  static func table(_ picture: Picture) -> ReportBlock? {
    guard case .bars(let bars, let x) = picture.form else { return nil }
    return .table(
      [picture.title, x], bars.map { [$0.name, $0.note.isEmpty ? Figure.short($0.value) : $0.note] }, texts: 1
    )
  }

  static func style(_ tone: Picture.Tone) -> String {
    switch tone {
    case .plain: "s0"
    case .bad: "s1"
    case .good: "s2"
    case .other: "s3"
    case .faint: "s4"
    }
  }

  /// What a plot's arithmetic holds.
  private static func isDrawable(_ number: Double) -> Bool { abs(number) <= 1e100 }

  private static func clouds(_ clouds: [Picture.Cloud]) -> [Cloud] {
    clouds.map { cloud in
      Cloud(
        name: cloud.name,
        points: cloud.points.filter { isDrawable($0.x) && isDrawable($0.y) }.map { ($0.x, $0.y) },
        style: style(cloud.tone), isLine: cloud.isLine)
    }.filter { !$0.points.isEmpty }
  }

  /// Three beside each other, over the same axes.
  private static func panels(_ title: String, _ panels: [Picture.Panel], x: String, y: String) -> HTMLText? {
    let (wide, high, gap, left, top) = (206.0, 150.0, 10.0, 46.0, 62.0)
    let drawn = panels.map { ($0.name, clouds($0.clouds)) }
    guard let (right, up) = axes(drawn.flatMap(\.1), x, y, about: 4), !drawn.isEmpty else { return nil }
    let across = min(3, drawn.count)
    let down = (drawn.count + 2) / 3
    var parts: [HTMLText] = []
    for (place, panel) in drawn.enumerated() {
      let corner = (
        x: left + Double(place % 3) * (wide + gap), y: top + Double(place / 3) * (high + 42)
      )
      let plot = Plot(panel: corner, width: wide, height: high, x: right, y: up)
      parts.append(plot.panel(panel.0, marks(panel.1, in: plot), isFirst: place % 3 == 0))
    }
    let size = (
      width: max(510, left + Double(across) * (wide + gap)), height: top + Double(down) * (high + 42)
    )
    parts.append(Plot.text(left + Double(across) * (wide + gap) / 2, size.height - 6, x, "middle"))
    let middle = Plot.number(top + (size.height - top) / 2 - 20)
    parts.append(
      "<text x=\"10\" y=\"\(middle)\" text-anchor=\"middle\" transform=\"rotate(-90 10 \(middle))\">\(y)</text>"
    )
    var named: [String: Cloud] = [:]
    var order: [String] = []
    for cloud in drawn.flatMap(\.1) {
      if named[cloud.name] == nil { order.append(cloud.name) }
      let points = (named[cloud.name]?.points ?? []) + cloud.points
      named[cloud.name] = Cloud(name: cloud.name, points: points, style: cloud.style, isLine: cloud.isLine)
    }
    parts.append(Plot.legend(keys(order.compactMap { named[$0] }), right: size.width))
    return Plot.frame(title, width: size.width, height: size.height, parts)
  }
}
