package import Foundation
package import RetortCore
internal import Synchronization

/// Images in memory.
package final class MemoryImages: ImageShelf {
  private let kept = Mutex<[Digest: Data]>([:])

  package init() {}

  package func put(_ bytes: Data, as image: ImageReference) async throws {
    kept.withLock { $0[image.digest] = bytes }
  }

  package func bytes(of digest: Digest) async throws -> Data {
    guard let bytes = kept.withLock({ $0[digest] }) else {
      throw ImageFault(.missing, "expected the image sha256:\(digest.hex), found none")
    }
    return bytes
  }
}

/// Images whose bytes are in the test.
package enum Drawn {
  /// A PNG of one colour. Its pixels are those of a real file only in their size: nothing in retort decodes them.
  package static func png(_ width: Int, _ height: Int, shade: UInt8 = 0) -> Data {
    func big(_ number: Int) -> [UInt8] {
      (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
      big(body.count) + name.utf8 + body + [0, 0, 0, 0]
    }
    let bytes: [UInt8] =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", big(width) + big(height) + [8, 0, 0, 0, 0]) + chunk("IDAT", [shade]) + chunk("IEND", [])
    return Data(bytes)
  }
}
