/// What became of the rows that a stage was given.
package struct Books: Codable, Hashable, Sendable {
  package var `in` = 0
  package var emitted = 0
  package var dropped = 0
  package var failed = 0
  package var pending = 0
  /// Of the answered ones, those whose step an earlier run had made.
  package var reused = 0
  /// Rows that came out.
  package var rows = 0
  /// Samples that emitted rows lack: they were drawn and are of no use, each for a reason that `dropped` shows.
  package var leftOut = 0

  enum CodingKeys: String, CodingKey {
    case `in`, emitted, dropped, failed, pending, reused, rows
    case leftOut = "left_out"
  }

  package init(
    in: Int = 0, emitted: Int = 0, dropped: Int = 0, failed: Int = 0, pending: Int = 0, reused: Int = 0,
    rows: Int = 0, leftOut: Int = 0
  ) {
    self.in = `in`
    self.emitted = emitted
    self.dropped = dropped
    self.failed = failed
    self.pending = pending
    self.reused = reused
    self.rows = rows
    self.leftOut = leftOut
  }

  var answered: Int { emitted + dropped }

  package var balance: Bool { self.in == emitted + dropped + failed + pending }
}

/// Books by stage name, encoded as an object in file order.
package struct OrderedBooks: Codable, Hashable, Sendable {
  package var list: [Entry]

  package struct Entry: Hashable, Sendable {
    package var stage: String
    package var books: Books
    package init(_ stage: String, _ books: Books) {
      self.stage = stage
      self.books = books
    }
  }

  package init(_ list: [Entry]) { self.list = list }

  package subscript(stage: String) -> Books? { list.first { $0.stage == stage }?.books }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    list = try container.allKeys.map { Entry($0.stringValue, try container.decode(Books.self, forKey: $0)) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    for entry in list { try container.encode(entry.books, forKey: Name(stringValue: entry.stage)) }
  }
}
