internal import Foundation
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
    let head = try FileHead(file)
    end = head.lineEnd
    if let kind = head.packed ?? head.wide {
      throw StageError("expected lines of text in UTF-8 in '\(file.url.path)', found \(kind)")
    }
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
