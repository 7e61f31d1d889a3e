internal import CZlib
internal import Foundation

/// Unpacks gzip (RFC 1952) with zlib: one member after another, each to its end, where its length and check sum are
/// those of its text.
final class GzipUnpacker: Unpacker {
  private let path: String
  private let stream: UnsafeMutablePointer<z_stream>
  private var packed: [UInt8] = []
  private var position = 0
  private var isInMember = false
  private var members = 0

  /// Errors: ``StageError`` without memory for it.
  init(_ path: String) throws {
    self.path = path
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_begin(stream) == Z_OK else {
      stream.deallocate()
      throw StageError("expected memory to unpack '\(path)', found none")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func read(upToCount count: Int, _ next: () throws -> Data) throws -> Data {
    var text = Data()
    while text.isEmpty {
      if position == packed.count {
        packed = Array(try next())
        position = 0
        if packed.isEmpty {
          guard !isInMember, members > 0 else { throw cut }
          return text
        }
      }
      if !isInMember, try !begin() { continue }
      text = try inflated(count)
    }
    return text
  }

  /// Whether a member begins here: after one there may be zeros up to a block's end.
  private func begin() throws -> Bool {
    if members > 0 {
      position += packed[position...].prefix { $0 == 0 }.count
      if position == packed.count { return false }
      inflateReset(stream)
    }
    isInMember = true
    return true
  }

  private func inflated(_ count: Int) throws -> Data {
    var text = [UInt8](repeating: 0, count: count)
    var made = 0
    let status = packed.withUnsafeMutableBufferPointer { packed in
      text.withUnsafeMutableBufferPointer { text in
        stream.pointee.next_in = packed.baseAddress.map { $0 + position }
        stream.pointee.avail_in = UInt32(packed.count - position)
        stream.pointee.next_out = text.baseAddress
        stream.pointee.avail_out = UInt32(text.count)
        let status = inflate(stream, Z_NO_FLUSH)
        position = packed.count - Int(stream.pointee.avail_in)
        made = text.count - Int(stream.pointee.avail_out)
        return status
      }
    }
    switch status {
    case Z_STREAM_END:
      isInMember = false
      members += 1
    case Z_OK, Z_BUF_ERROR: break
    default:
      let words = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
      let place = members == 0 ? "" : " after part \(members)"
      throw StageError("expected gzip in '\(path)' to its end, found something else\(place): \(words)")
    }
    return Data(text[..<made])
  }

  private var cut: StageError {
    StageError(
      "expected the whole of '\(path)', found its beginning: its gzip ends too early; it was cut short, or is being "
        + "written")
  }
}
