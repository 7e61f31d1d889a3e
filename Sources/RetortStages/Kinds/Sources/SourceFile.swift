internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// The lines of a file, read in chunks, so that memory holds one line and one chunk whatever the file's size.
struct LineReader {
  enum Text: Hashable, Sendable {
    case text(String)
    case invalidUTF8
    /// Longer than the limit; the bytes were skipped.
    case tooLong(bytes: Int)
  }

  struct Line: Hashable, Sendable {
    /// From 1.
    let number: Int
    let text: Text
  }

  /// Bytes; a longer line is reported and not held.
  static let limit = 16 << 20

  private let reading: DataFileReading
  private let limit: Int
  private let chunkSize: Int
  /// What ends a line: a carriage return where the file's first megabyte has these and no line feed.
  private let end: UInt8
  private var chunk: [UInt8] = []
  private var position = 0
  private var number = 0

  /// Errors: ``StageError`` when the file cannot be opened, and for one that is no text: packed, or in UTF-16.
  /// `chunkSize` is in bytes.
  init(_ file: DataFile, limit: Int = limit, chunkSize: Int = 1 << 20) throws {
    reading = try DataFileReading(file)
    self.limit = limit
    self.chunkSize = chunkSize
    let head = try FileReading(file.url).read(upToCount: 1 << 20)
    end = head.contains(0x0A) || !head.contains(0x0D) ? 0x0A : 0x0D
    if let kind = Self.packed(head) {
      throw StageError("expected lines of text in UTF-8 in '\(file.url.path)', found \(kind)")
    }
  }

  private static func packed(_ head: Data) -> String? {
    let kinds: [([UInt8], String)] = [
      ([0x1F, 0x8B], "gzip; unpack it first"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd; unpack it first"),
      ([0x50, 0x4B, 0x03, 0x04], "a zip archive; unpack it first"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz; unpack it first"),
      (Array("PAR1".utf8), "Parquet; write its rows as JSON lines first"),
      ([0xFF, 0xFE], "UTF-16; write it in UTF-8 first"), ([0xFE, 0xFF], "UTF-16; write it in UTF-8 first"),
    ]
    return kinds.first { head.starts(with: $0.0) }?.1
  }

  /// The next line without its end (`\n`, `\r\n`, or `\r` in a file of such lines); nil after the last. A byte order mark
  /// is skipped.
  mutating func next() throws -> Line? {
    var line: [UInt8] = []
    var length = 0
    var found = false
    while !found {
      if position == chunk.count {
        chunk = Array(try reading.read(upToCount: chunkSize))
        position = 0
        if chunk.isEmpty { break }
      }
      let end = lineEnd()
      length += end - position
      if length <= limit { line.append(contentsOf: chunk[position..<end]) } else { line = [] }
      found = end < chunk.count
      position = found ? end + 1 : end
    }
    guard found || length > 0 else { return nil }
    number += 1
    guard length <= limit else { return Line(number: number, text: .tooLong(bytes: length)) }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    guard let text = String(validating: line, as: UTF8.self) else {
      return Line(number: number, text: .invalidUTF8)
    }
    return Line(number: number, text: .text(text))
  }

  /// The index of the next line's end in the chunk, or its end.
  private func lineEnd() -> Int {
    chunk.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress,
        let found = memchr(start + position, Int32(end), bytes.count - position)
      else { return bytes.count }
      return UnsafeRawPointer(found) - start
    }
  }
}

/// What is wrong with a record of a JSON source, or the columns of its row.
enum JSONRecord {
  case row(Columns)
  case broken(reason: String, detail: String)

  /// `place` begins the detail, such as `line 7`.
  init(_ json: JSON, place: String, _ config: RecordConfig, _ rules: CellRules) {
    guard let cells = json.object else {
      self = .broken(reason: "not an object", detail: "\(place): expected an object, found \(json.kind)")
      return
    }
    // SQL cannot name such a column.
    if let name = cells.keys.first(where: { $0.utf8.contains(0) }) {
      self = .broken(
        reason: "bad column name",
        detail: "\(place): expected names of columns without NUL, found \(JSON.string(name).text.prefix(200))"
      )
      return
    }
    let object: JSON.Object
    do throws(BadRow) { object = try rules.apply(to: cells, at: "\(config.file.path), \(place)") } catch {
      self = .broken(reason: error.reason, detail: error.detail)
      return
    }
    let missing = (config.columns ?? []).filter { object[$0] == nil }
    guard missing.isEmpty else {
      let names = missing.map { "'\($0)'" }.joined(separator: ", ")
      self = .broken(
        reason: "missing column",
        detail: "\(place): no \(names); found \(object.keys.joined(separator: ", "))")
      return
    }
    self = .row(Columns(object))
  }

  func send(to sink: ReaderSink<Columns>) async throws {
    switch self {
    case .row(let columns): try await sink.make(columns)
    case .broken(let reason, let detail): try await sink.reject(reason: reason, detail: detail)
    }
  }
}
