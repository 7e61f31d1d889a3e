internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Writes values one a line: as JSON Lines, or as the elements of one JSON array.
package final class JSONLWriter {
  package enum Layout: Sendable { case lines, array }

  package let file: AtomicFile
  private let layout: Layout
  package private(set) var rows = 0

  package init(_ target: ExportTarget, in ledger: any FileLedger, layout: Layout = .lines) async throws {
    self.layout = layout
    file = try await AtomicFile(target, in: ledger)
  }

  package func write(_ json: JSON) throws {
    if layout == .array { try file.write(rows == 0 ? "[\n" : ",\n") }
    try file.write(json.text)
    if layout == .lines { try file.write("\n") }
    rows += 1
  }

  /// Ends the file; nil with no line written: then there is to be none.
  package func seal() throws -> ExportedFile? {
    guard rows > 0 else { return nil }
    if layout == .array { try file.write("\n]\n") }
    return ExportedFile(path: file.target.url.path, sha256: try file.seal(), rows: rows)
  }
}
