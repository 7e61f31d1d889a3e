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
    var low: Double { ticks.first ?? 0 }
    var high: Double { ticks.last ?? 1 }

    init(_ label: String, from low: Double, to high: Double, about count: Int = 6) {
      self.label = label
      ticks = Statistics.ticks(from: low, to: high, about: count)
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

  private let width = 640.0
  private let height = 310.0
  private let left = 62.0
  private let right = 14.0
  private let top = 50.0
  private let bottom = 48.0

  init(_ title: String, x: Axis, y: Axis, keys: [Key] = [], note: String = "") {
    self.title = title
    self.x = x
    self.y = y
    self.keys = keys
    self.note = note
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
    """
    <svg viewBox="0 0 \(number(width)) \(number(height))" role="img" aria-label="\(title)">
    <text class="title" x="4" y="16">\(title)</text>
    \(HTMLText(parts))
    </svg>
    """
  }

  /// Under the title: what each colour stands for.
  static func legend(_ keys: [Key], right: Double, note: String = "") -> HTMLText {
    var parts: [HTMLText] = []
    var x = 4.0
    for key in keys {
      parts.append(rect(x, 24, 10, 9, key.style))
      parts.append(text(x + 14, 32.5, key.name, "start"))
      x += 30 + 6.6 * Double(key.name.count)
    }
    if !note.isEmpty { parts.append(text(right, 32.5, note, "end")) }
    return HTMLText(parts)
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
