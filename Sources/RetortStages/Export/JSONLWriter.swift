internal import Foundation
internal import RetortCore

/// Writes rows to a file: as JSON Lines, unless another layout is named.
final class JSONLWriter {
  let file: AtomicFile
  private let layout: any RowLayout
  private(set) var rows = 0

  init(
    _ target: ExportTarget, in ledger: any FileLedger, layout: (any RowLayout)? = nil
  ) async throws {
    self.layout = layout ?? JSONLines()
    file = try await AtomicFile(target, in: ledger)
  }

  /// Errors: ``StageError``; ``BadRow`` for a row that cannot be written, of which nothing is.
  func write(_ row: JSON) throws {
    let text = try layout.text(of: row)
    try file.write(rows == 0 ? layout.head : layout.between)
    try file.write(text)
    rows += 1
  }

  /// Ends the file; nil with no line written: then there is to be none.
  func seal() throws -> ExportedFile? {
    guard rows > 0 else { return nil }
    try file.write(layout.foot)
    return ExportedFile(path: file.target.url.path, sha256: try file.seal(), rows: rows)
  }
}
