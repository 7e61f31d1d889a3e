internal import RetortCore
package import RetortRun
package import RetortStore

/// HTML or SVG text. What is interpolated is escaped, unless it is markup itself: nothing from a store can become a tag.
package struct HTMLText: ExpressibleByStringInterpolation, Hashable, Sendable, CustomStringConvertible {
  package private(set) var description: String

  package init(stringLiteral value: String) { description = value }
  package init(stringInterpolation: Interpolation) { description = stringInterpolation.text }
  package init(_ parts: [HTMLText]) { description = parts.map(\.description).joined(separator: "\n") }

  package struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ markup: HTMLText) { text += markup.description }
    package mutating func appendInterpolation(_ number: Int) { text += String(number) }
    package mutating func appendInterpolation(_ string: String) { text += HTMLText.escaped(string) }
  }

  package static func + (left: HTMLText, right: HTMLText) -> HTMLText { "\(left)\(right)" }

  /// Control characters other than line ends and tabs show as U+FFFD: those of model output reach no terminal.
  static func visible(_ string: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in string.unicodeScalars {
      let isControl = scalar.value < 32 || (127...159).contains(scalar.value)
      text.append(isControl && scalar != "\n" && scalar != "\t" ? "\u{FFFD}" : scalar)
    }
    return String(text)
  }

  /// Safe as text and inside quotes.
  static func escaped(_ string: String) -> String {
    var text = ""
    for scalar in visible(string).unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
