package import Foundation

/// How a data file is packed, which its name says.
package enum Packing: Hashable, Sendable {
  case gzip, zstd

  /// Nil for a file that is what it is.
  init?(_ file: URL) {
    switch file.pathExtension.lowercased() {
    case "gz": self = .gzip
    case "zst", "zstd": self = .zstd
    default: return nil
    }
  }

  /// What a name ends in, in lower case, without what says that the file is packed: `jsonl` for `a.jsonl.gz`.
  package static func ending(of file: URL) -> String {
    (Packing(file) == nil ? file : file.deletingPathExtension()).pathExtension.lowercased()
  }

  /// What packs a file that is written; nil where its name says that it is not packed. Errors: ``StageError`` for a way of
  /// packing that is only read.
  package static func packer(of file: URL) throws -> GzipPacker? {
    switch Packing(file) {
    case nil: return nil
    case .gzip: return try GzipPacker()
    case .zstd:
      throw StageError(
        "file: expected a name that ends in .gz for a packed file, found '\(file.lastPathComponent)': Zstandard is read and "
          + "not written")
    }
  }

  /// Errors: ``StageError`` where there is no program for it.
  func unpacker(of path: String) throws -> any Unpacker {
    switch self {
    case .gzip: try GzipUnpacker(path)
    case .zstd: try ZstdUnpacker(path)
    }
  }
}

/// Unpacks a file, piece by piece. It lets go of what it holds with its last reference.
protocol Unpacker: AnyObject {
  /// The next bytes, `count` at most; none at the end. `next` hands on the next packed ones, none at the end.
  ///
  /// Errors: ``StageError`` for what is not packed so to its end, and those of `next`.
  func read(upToCount count: Int, _ next: () throws -> Data) throws -> Data
}
