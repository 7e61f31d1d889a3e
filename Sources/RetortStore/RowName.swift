/// A row as people name it: by the beginning of its identifier (`r_d125`), or by the record it was read from
/// (`questions:7`).
package enum RowName: Hashable, Sendable {
  /// The first hex digits of a content's digest, in small letters.
  case content(String)
  /// A reader's name, and the record's number there, from 0.
  case record(stage: String, number: Int)

  /// Nil for what is neither. An identifier may lack its `r_` where it has four digits.
  package init?(_ text: String) {
    if let found = text.wholeMatch(of: /(?:r_([0-9A-Fa-f]{1,64})|([0-9A-Fa-f]{4,64}))/) {
      self = .content(String(found.1 ?? found.2 ?? "").lowercased())
    } else if let found = text.wholeMatch(of: /([^:]+):([0-9]{1,15})/), let number = Int(found.2) {
      self = .record(stage: String(found.1), number: number)
    } else {
      return nil
    }
  }
}
