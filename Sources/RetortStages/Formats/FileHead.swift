internal import Foundation
internal import RetortCore

/// The first megabyte of a file, as far as it tells how the rest is to be read.
struct FileHead {
  private let bytes: Data

  /// Errors: ``StageError`` when the file cannot be read.
  init(_ file: DataFile) throws { bytes = try DataFileReading.head(of: file, count: 1 << 20) }

  /// What ends a line: a carriage return where there are these and no line feed.
  var lineEnd: UInt8 { bytes.contains(0x0A) || !bytes.contains(0x0D) ? 0x0A : 0x0D }

  /// What it is, and what to do, where it is no text at all.
  var packed: String? {
    Self.first(
      of: [
        ([0x1F, 0x8B], "gzip; unpack it first, or let its name end in .gz"),
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd; unpack it first, or let its name end in .zst"),
        ([0x50, 0x4B, 0x03, 0x04], "a zip archive; unpack it first"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz; unpack it first"),
        (Array("PAR1".utf8), "Parquet, which read-parquet reads"),
        (Array("SQLite format 3\0".utf8), "a SQLite database; read-sqlite reads it"),
      ], in: bytes)
  }

  /// The same for text in units of two or four bytes.
  var wide: String? {
    Self.first(
      of: [
        ([0xFF, 0xFE, 0, 0], "UTF-32; write it in UTF-8 first"),
        ([0, 0, 0xFE, 0xFF], "UTF-32; write it in UTF-8 first"),
        ([0xFF, 0xFE], "UTF-16; write it in UTF-8 first"), ([0xFE, 0xFF], "UTF-16; write it in UTF-8 first"),
      ], in: bytes)
  }

  private static func first(of kinds: [([UInt8], String)], in bytes: Data) -> String? {
    kinds.first { bytes.starts(with: $0.0) }?.1
  }
}
