internal import RetortCore

/// The contents of `<tag>…</tag>` in a text, in their order. A tag may have spaces and attributes and any case; an
/// element ends with the first end after its last beginning, so that unclosed ones cost no more than their length.
struct Elements {
  private(set) var all: [String] = []
  var first: String? { all.first }
  var last: String? { all.last }

  init(of tag: String, in text: String) {
    let scalars = Array(text.unicodeScalars)
    let name = Array(tag.lowercased().unicodeScalars)
    var start: Int?
    var place = 0
    while place < scalars.count {
      guard scalars[place] == "<", let mark = Self.mark(name, in: scalars, at: place) else {
        place += 1
        continue
      }
      if !mark.closes {
        start = mark.after
      } else if let begun = start {
        all.append(String(String.UnicodeScalarView(scalars[begun..<place])).trimmed)
        start = nil
      }
      place = mark.after
    }
  }

  private static func mark(_ name: [Unicode.Scalar], in scalars: [Unicode.Scalar], at place: Int)
    -> (closes: Bool, after: Int)?
  {
    var at = place + 1
    func isSpace(_ place: Int) -> Bool { place < scalars.count && scalars[place].properties.isWhitespace }
    let limit = min(scalars.count, place + PlainSigns.longestTag)
    while at < limit, isSpace(at) { at += 1 }
    let closes = at < limit && scalars[at] == "/"
    if closes { at += 1 }
    while at < limit, isSpace(at) { at += 1 }
    guard at + name.count < limit,
      String(String.UnicodeScalarView(scalars[at..<(at + name.count)])).lowercased().unicodeScalars
        .elementsEqual(name)
    else { return nil }
    at += name.count
    guard scalars[at] == ">" || isSpace(at) else { return nil }
    while at < limit, scalars[at] != ">", scalars[at] != "<" { at += 1 }
    guard at < limit, scalars[at] == ">", scalars[at - 1] != "/" else { return nil }
    return (closes, at + 1)
  }
}
