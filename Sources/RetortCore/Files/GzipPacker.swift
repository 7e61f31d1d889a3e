internal import CZlib

/// Packs a text as one member of gzip (RFC 1952), piece by piece. One text is packed alike always.
package final class GzipPacker {
  private let stream: UnsafeMutablePointer<z_stream>
  private var room = [UInt8](repeating: 0, count: 1 << 16)

  /// Errors: ``StageError`` without memory for it.
  package init() throws {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_begin_packing(stream) == Z_OK else {
      stream.deallocate()
      throw StageError("expected memory to pack a file, found none")
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// What is ready of it; the rest comes with a later piece or with the end.
  package func packed(_ text: String) -> [UInt8] { packed(Array(text.utf8), Z_NO_FLUSH) }

  /// What is left, after which there is no more.
  package func end() -> [UInt8] { packed([], Z_FINISH) }

  private func packed(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
    var (bytes, made) = (bytes, [UInt8]())
    bytes.withUnsafeMutableBufferPointer { bytes in
      stream.pointee.next_in = bytes.baseAddress
      stream.pointee.avail_in = UInt32(bytes.count)
      repeat {
        let count = room.withUnsafeMutableBufferPointer { room in
          stream.pointee.next_out = room.baseAddress
          stream.pointee.avail_out = UInt32(room.count)
          deflate(stream, flush)
          return room.count - Int(stream.pointee.avail_out)
        }
        made += room[..<count]
      } while stream.pointee.avail_out == 0
    }
    return made
  }
}
