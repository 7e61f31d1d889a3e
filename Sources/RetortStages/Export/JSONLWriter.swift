internal import Foundation
internal import RetortCore

/// Writes rows to a file: as JSON Lines, unless another layout is named.
final class JSONLWriter {
  let file: AtomicFile
  private let layout: any RowLayout
  /// Nil where the file's name says that it is not packed.
  private let packer: GzipPacker?
  private(set) var rows = 0
  /// Rows with the mark of an image in a text.
  private(set) var marked = 0

  init(
    _ target: ExportTarget, in ledger: any FileLedger, layout: (any RowLayout)? = nil
  ) async throws {
    self.layout = layout ?? JSONLines()
    packer = try Packing.packer(of: target.url)
    file = try await AtomicFile(target, in: ledger)
  }

  /// Errors: ``StageError``; ``BadRow`` for a row that cannot be written, of which nothing is.
  func write(_ row: JSON) throws {
    let text = try layout.text(of: row)
    try put(rows == 0 ? layout.head : layout.between)
    try put(text)
    rows += 1
    if text.hasBytes(of: "<image>") { marked += 1 }
  }

  /// Ends the file; nil with no line written: then there is to be none.
  func seal() throws -> ExportedFile? {
    guard rows > 0 else { return nil }
    try put(layout.foot)
    if let packer { try file.write(packer.end()) }
    return ExportedFile(path: file.target.url.path, sha256: try file.seal(), rows: rows)
  }

  private func put(_ text: String) throws {
    if let packer { try file.write(packer.packed(text)) } else { try file.write(text) }
  }
}

extension String {
  /// Whether another text stands in it, byte by byte.
  fileprivate func hasBytes(of other: StaticString) -> Bool {
    let count = other.utf8CodeUnitCount
    var text = self
    return text.withUTF8 { bytes in
      guard var start = bytes.baseAddress else { return false }
      let end = start + bytes.count
      while end - start >= count,
        let found = memchr(start, Int32(other.utf8Start[0]), end - start - count + 1)
      {
        if memcmp(found, other.utf8Start, count) == 0 { return true }
        start = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) + 1
      }
      return false
    }
  }
}
