internal import Foundation
internal import RetortCore

/// Cuts the bytes of a file into the records of RFC 4180, a chunk at a time, so that memory holds one record and one
/// chunk.
///
/// Records end with CRLF or LF, or with CR in a file that has no LF. A record that breaks a rule goes on to the end of
/// its line, and the next one is read; empty lines are no records.
struct CSVRecords {
  struct Record {
    /// Where it begins, from 1.
    let line: Int
    let lastLine: Int
    let fields: [Field]
    /// How many there are, those beyond ``CSVRecords/fieldLimit`` included.
    let count: Int
    let fault: BadRow?
  }

  struct Field: Hashable {
    let text: String
    let isQuoted: Bool
  }

  private enum State {
    case start, plain, quoted, closed
    /// After a carriage return that should end the record.
    case returned
  }

  /// Bytes of a record; a longer one is reported and not held.
  static let limit = 16 << 20
  /// Fields of a record that are held.
  static let fieldLimit = 1 << 16

  private static let quote = UInt8(ascii: "\"")
  private static let feed = UInt8(ascii: "\n")
  private static let carriage = UInt8(ascii: "\r")

  private let reading: DataFileReading
  private let decoder: TextDecoder?
  private let delimiter: UInt8
  /// What ends a line.
  private let end: UInt8
  private let chunkSize: Int
  private let limit: Int
  private var chunk: [UInt8] = []
  private var position = 0
  private var isFirst = true
  private var isOver = false
  private var line = 1

  // Of the record at hand.
  private var bytes: [UInt8] = []
  private var ends: [(end: Int, isQuoted: Bool)] = []
  private var count = 0
  private var length = 0
  private var isQuoted = false
  private var openedAt = 0
  private var fault: BadRow?

  /// Errors: ``StageError`` when the file cannot be read, and for one that is no text in the encoding named.
  init(
    _ file: DataFile, delimiter: UInt8, encoding: String?, limit: Int = limit, chunkSize: Int = 1 << 20
  ) throws {
    reading = try DataFileReading(file)
    decoder = try encoding.flatMap { try TextDecoder($0) }
    self.delimiter = delimiter
    self.limit = limit
    self.chunkSize = chunkSize
    let head = try FileHead(file)
    if let kind = head.packed {
      throw StageError("expected CSV in '\(file.path)', found \(kind)")
    }
    if encoding == nil, let kind = head.wide {
      throw StageError("expected CSV in UTF-8 in '\(file.path)', found \(kind), or name it with 'encoding:'")
    }
    end = decoder == nil ? head.lineEnd : Self.feed
  }

  /// The next record; nil after the last.
  mutating func next() throws -> Record? {
    while let record = try nextLine() {
      if record.count > 1 || record.fault != nil || record.fields.first != Field(text: "", isQuoted: false) {
        return record
      }
    }
    return nil
  }

  private mutating func nextLine() throws -> Record? {
    begin()
    let first = line
    var state = State.start
    var isAny = false
    while true {
      if position == chunk.count, try !refill() {
        guard isAny else { return nil }
        if state == .quoted {
          breaks(
            "unclosed quote",
            "expected a closing quotation mark for the one in line \(openedAt), found the end of the "
              + "file: what is between, up to line \(line), is lost")
        }
        return close(first)
      }
      isAny = true
      let byte = chunk[position]
      switch state {
      case .start where byte == Self.quote:
        (isQuoted, openedAt, state) = (true, line, .quoted)
        position += 1
      case .start, .plain:
        take(to: plainEnd())
        state = .plain
        guard position < chunk.count else { continue }
        if let next = afterPlain(chunk[position]) { state = next } else { return close(first) }
      case .quoted:
        let stop = next(Self.quote)
        line += chunk[position..<stop].count { $0 == end }
        take(to: stop)
        if position < chunk.count {
          position += 1
          state = .closed
        }
      case .closed where byte == Self.quote:
        take(to: position + 1)
        state = .quoted
      case .closed:
        if byte != delimiter, byte != end, byte != Self.carriage {
          breaks(
            "stray quote",
            "expected a delimiter after the closing quotation mark of field \(count + 1), found more text")
          state = .plain
        } else if let next = afterPlain(byte) {
          state = next
        } else {
          return close(first)
        }
      case .returned:
        if byte == Self.feed {
          position += 1
          line += 1
          return close(first)
        }
        breaks(
          "stray carriage return",
          "expected a line feed after the carriage return in field \(count + 1), or quotation marks "
            + "around it")
        state = .plain
      }
    }
  }

  /// What follows on a byte that ends a run of plain ones; nil at the end of the record.
  private mutating func afterPlain(_ byte: UInt8) -> State? {
    if byte == Self.quote {
      breaks(
        "stray quote",
        "expected quotation marks around field \(count + 1), and its own doubled, found one in the middle")
      take(to: position + 1)
      return .plain
    }
    position += 1
    if byte == delimiter {
      endField()
      return .start
    }
    if byte == end {
      line += 1
      return nil
    }
    return .returned
  }

  private mutating func begin() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    (count, length, isQuoted, fault) = (0, 0, false, nil)
  }

  /// The first thing that is wrong with the record.
  private mutating func breaks(_ reason: String, _ detail: String) {
    if fault == nil { fault = BadRow(reason, detail) }
  }

  private mutating func take(to stop: Int) {
    length += stop - position
    if length <= limit { bytes.append(contentsOf: chunk[position..<stop]) }
    position = stop
  }

  private mutating func endField() {
    if count < Self.fieldLimit { ends.append((bytes.count, isQuoted)) }
    count += 1
    length += 1
    isQuoted = false
  }

  private mutating func close(_ first: Int) -> Record {
    endField()
    if length - 1 > limit {
      fault = BadRow(
        "record too long",
        "\(length - 1) bytes, expected at most \(limit); is a closing quotation mark missing?")
    }
    if fault == nil, bytes.contains(0) { breaks("NUL in text", "expected text without NUL") }
    var fields: [Field] = []
    var start = 0
    for (end, isQuoted) in ends where fault == nil {
      guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
        breaks(
          "invalid UTF-8",
          decoder == nil
            ? "expected UTF-8 text in field \(fields.count + 1); name another encoding with 'encoding:'"
            : "expected text in the encoding that 'encoding:' names in field \(fields.count + 1)")
        break
      }
      fields.append(Field(text: text, isQuoted: isQuoted))
      start = end
    }
    return Record(line: first, lastLine: line, fields: fields, count: count, fault: fault)
  }

  private func next(_ byte: UInt8) -> Int {
    chunk.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress,
        let found = memchr(start + position, Int32(byte), bytes.count - position)
      else { return bytes.count }
      return UnsafeRawPointer(found) - start
    }
  }

  /// Where the next delimiter, quotation mark or end of a line stands in the chunk, or its end.
  private func plainEnd() -> Int {
    chunk.withUnsafeBufferPointer { bytes in
      var at = position
      while at < bytes.count {
        let byte = bytes[at]
        if byte == delimiter || byte == Self.quote || byte == Self.feed || byte == Self.carriage { break }
        at += 1
      }
      return at
    }
  }

  /// Whether there is more.
  private mutating func refill() throws -> Bool {
    repeat {
      guard !isOver else { return false }
      let piece = try reading.read(upToCount: chunkSize)
      isOver = piece.isEmpty
      chunk = decoder?.decode(piece) ?? Array(piece)
      position = 0
    } while chunk.isEmpty
    if isFirst {
      isFirst = false
      try skipMark()
    }
    return try position < chunk.count || refill()
  }

  /// A byte order mark is no part of the text.
  private mutating func skipMark() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    while chunk.count < mark.count, !isOver, mark.starts(with: chunk) {
      let piece = try reading.read(upToCount: chunkSize)
      isOver = piece.isEmpty
      chunk += decoder?.decode(piece) ?? Array(piece)
    }
    if chunk.starts(with: mark) { position = mark.count }
  }
}
