internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// The frame of a plot: axes with units, ticks, a grid, a legend and a title, as inline SVG. Colours are classes, which
/// the page gives a light and a dark value.
struct Plot {
  struct Axis {
    let label: String
    let ticks: [Double]
    let low: Double
    let high: Double

    init(_ label: String, from low: Double, to high: Double, about count: Int = 6) {
      // A single value stands in the middle.
      let room = low == high ? max(abs(low) / 4, 0.5) : 0
      self.label = label
      ticks = Statistics.ticks(from: low - room, to: high + room, about: count)
      self.low = ticks.first ?? 0
      self.high = ticks.last ?? 1
    }

    /// Of whole numbers, each of which has room for a column of its own.
    init(_ label: String, whole range: ClosedRange<Int>) {
      self.label = label
      let step = Int(Statistics.ticks(from: 0, to: Double(range.count), about: 8).dropFirst().first ?? 1)
      ticks = stride(from: range.lowerBound, through: range.upperBound, by: max(1, step)).map(Double.init)
      low = Double(range.lowerBound) - 0.5
      high = Double(range.upperBound) + 0.5
    }

    /// Of counts: from 0, in whole steps.
    init(_ label: String, counts most: Int) {
      self.init(label, from: 0, to: Double(max(1, most)), about: min(6, max(1, most)))
    }
  }

  /// The name and the class of what the plot shows.
  typealias Key = (name: String, style: String)

  let title: String
  let x: Axis
  let y: Axis
  var keys: [Key] = []
  var note = ""

  private var width = 480.0
  private var height = 300.0
  private var left = 62.0
  private var right = 14.0
  private var top = 50.0
  private var bottom = 48.0

  init(_ title: String, x: Axis, y: Axis, keys: [Key] = [], note: String = "") {
    self.title = title
    self.x = x
    self.y = y
    self.keys = keys
    self.note = note
    top += (Self.places(of: keys, right: width - right).last?.y ?? 24) - 24
  }

  /// A small one whose upper left corner lies elsewhere.
  init(panel corner: (x: Double, y: Double), width: Double, height: Double, x: Axis, y: Axis) {
    self.init("", x: x, y: y)
    (left, top, right, bottom) = (corner.x, corner.y, 0, 0)
    (self.width, self.height) = (corner.x + width, corner.y + height)
  }

  /// - Parameter isFirst: whether it stands at the left of its line, where the numbers of the upright axis are.
  func panel(_ name: String, _ marks: [HTMLText], isFirst: Bool) -> HTMLText {
    var parts: [HTMLText] = []
    for tick in y.ticks {
      parts.append(Self.line(left, py(tick), width, py(tick), "grid"))
      if isFirst { parts.append(Self.text(left - 5, py(tick) + 4, Figure.short(tick), "end")) }
    }
    // The last one would run into the next panel's first.
    for tick in x.ticks.dropLast() {
      parts.append(Self.text(px(tick), height + 14, Figure.short(tick), "middle"))
    }
    parts += marks
    parts.append(Self.line(left, height, width, height, "axis"))
    let shown = name.count > 28 ? name.prefix(27) + "…" : name
    parts.append(
      "<text x=\"\(Self.number(left + 4))\" y=\"\(Self.number(top - 3))\">\(shown)<title>\(name)</title></text>"
    )
    return HTMLText(parts)
  }

  func px(_ value: Double) -> Double {
    left + (value - x.low) / max(x.high - x.low, .leastNonzeroMagnitude) * (width - left - right)
  }

  func py(_ value: Double) -> Double {
    height - bottom - (value - y.low) / max(y.high - y.low, .leastNonzeroMagnitude) * (height - top - bottom)
  }

  func svg(_ marks: [HTMLText]) -> HTMLText {
    var parts: [HTMLText] = []
    for tick in y.ticks {
      parts.append(Self.line(left, py(tick), width - right, py(tick), "grid"))
      parts.append(Self.text(left - 7, py(tick) + 4, Figure.short(tick), "end"))
    }
    for tick in x.ticks {
      parts.append(Self.line(px(tick), height - bottom, px(tick), height - bottom + 4, "axis"))
      parts.append(Self.text(px(tick), height - bottom + 18, Figure.short(tick), "middle"))
    }
    parts += marks
    parts.append(Self.line(left, height - bottom, width - right, height - bottom, "axis"))
    parts.append(Self.text((left + width - right) / 2, height - 10, x.label, "middle"))
    let middle = Self.number((top + height - bottom) / 2)
    parts.append(
      "<text x=\"14\" y=\"\(middle)\" text-anchor=\"middle\" transform=\"rotate(-90 14 \(middle))\">\(y.label)</text>"
    )
    parts.append(Self.legend(keys, right: width - right, note: note))
    return Self.frame(title, width: width, height: height, parts)
  }

  static func frame(_ title: String, width: Double, height: Double, _ parts: [HTMLText]) -> HTMLText {
    // About as many letters as there is room for.
    let most = Int(width / 7.2)
    let kind: HTMLText = width > 500 ? " class=\"wide\"" : ""
    let shown = title.count > most ? title.prefix(most - 1) + "…" : title
    return """
      <svg\(kind) viewBox="0 0 \(number(width)) \(number(height))" role="img" aria-label="\(title)">
      <text class="title" x="4" y="16">\(shown)<title>\(title)</title></text>
      \(HTMLText(parts))
      </svg>
      """
  }

  /// A line through points in their order, broken where one lies outside.
  func line(_ points: [(x: Double, y: Double)], _ style: String) -> HTMLText {
    var path = ""
    var isDrawing = false
    for point in points {
      let isInside = (x.low...x.high).contains(point.x) && (y.low...y.high).contains(point.y)
      if isInside {
        path += "\(isDrawing ? "L" : "M")\(Self.number(px(point.x))) \(Self.number(py(point.y)))"
      }
      isDrawing = isInside
    }
    return "<path class=\"line \(style)\" d=\"\(path)\"/>"
  }

  func dot(_ point: (x: Double, y: Double), _ style: String) -> HTMLText {
    """
    <circle class="\(style)" cx="\(Self.number(px(point.x)))" cy="\(Self.number(py(point.y)))" r="3.4"/>
    """
  }

  /// Under the title: what each colour stands for, in a second line where the first has no room.
  static func legend(_ keys: [Key], right: Double, note: String = "") -> HTMLText {
    var parts: [HTMLText] = []
    for (key, place) in zip(keys, places(of: keys, right: right)) {
      parts.append(rect(place.x, place.y, 10, 9, key.style))
      parts.append(text(place.x + 14, place.y + 8.5, key.name, "start"))
    }
    if !note.isEmpty { parts.append(text(right, 32.5, note, "end")) }
    return HTMLText(parts)
  }

  private static func places(of keys: [Key], right: Double) -> [(x: Double, y: Double)] {
    var (x, y) = (4.0, 24.0)
    return keys.map { key in
      let length = 26 + 5.9 * Double(key.name.count)
      if x > 4, x + length > right + 12 { (x, y) = (4, y + 14) }
      defer { x += length }
      return (x, y)
    }
  }

  static func number(_ value: Double) -> String { String(format: "%.1f", value) }

  static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> HTMLText {
    "<line class=\"\(style)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
  }

  static func text(_ x: Double, _ y: Double, _ text: String, _ anchor: String) -> HTMLText {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(text)</text>"
  }

  static func rect(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, hint: String = ""
  ) -> HTMLText {
    let hint: HTMLText = hint.isEmpty ? "" : "<title>\(hint)</title>"
    return """
      <rect class="\(style)" x="\(number(x))" y="\(number(y))" width="\(number(max(0, width)))" \
      height="\(number(max(0, height)))">\(hint)</rect>
      """
  }
}
