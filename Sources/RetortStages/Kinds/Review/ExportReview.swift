internal import Foundation
internal import OrderedCollections
package import RetortCore

/// Writes rows for a person to look at: the first of equal rows, with empty columns for the verdict.
///
/// An edited file stays as it is for as long as the rows are the same, and is never written over: the person may be at
/// work on it.
package struct ExportReview: Exporter {
  package struct Config: Codable, Sendable {
    package var file: String
    package var columns: [String]?
    package var delimiter: String?

    package init(file: String, columns: [String]? = nil, delimiter: String? = nil) {
      self.file = file
      self.columns = columns
      self.delimiter = delimiter
    }
  }

  package typealias Input = Columns

  package static let name = "export-review"
  package static let version = 1
  package static let leavesEdits = true
  package static let summary =
    "Write rows to a CSV or JSON Lines file for a person to accept, reject or edit; read-review takes a copy of it back."
  package static let keys = [
    "file":
      "Where to write, relative to the pipeline file: a name that ends in .csv or .jsonl. An edited file is left alone "
      + "while its rows are the same, and never written over.",
    "columns": "The columns of the rows to write, in this order; all of them when left out.",
    "delimiter": CSV.delimiterHelp,
  ]
  package static let destinations = [Destination.file]

  private let workspace: Workspace
  private let path: String
  private let target: ExportTarget
  private let manifest: ExportTarget
  private let columns: [String]?
  private let delimiter: UInt8?

  package init(_ config: Config, in workspace: Workspace) throws {
    self.workspace = workspace
    path = config.file
    columns = config.columns
    let isCSV = try ReviewSheet.isCSV(config.file)
    if !isCSV, config.delimiter != nil {
      throw StageError("delimiter: expected none for a file that is no CSV, found one")
    }
    delimiter = isCSV ? try CSV.delimiter(config.delimiter) : nil
    if let columns {
      if columns.isEmpty { throw StageError("columns: expected at least one column, found none") }
      if Set(columns).count < columns.count {
        throw StageError("columns: expected each column once, found \(columns.joined(separator: ", "))")
      }
      try Self.checkOwn(columns)
    }
    let url = workspace.exportURL(path)
    manifest = ExportTarget(Manifest.url(beside: url), as: .manifest)
    target = ExportTarget(url, listedIn: manifest.url)
  }

  package var writes: [ExportTarget] { [target, manifest] }
  package var reads: [ColumnUse] { columns?.map { ColumnUse($0) } ?? [] }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    let own = OwnFiles(workspace.ledger)
    if try await own.isEdited(target) {
      throw StageError(
        "expected '\(path)' as retort wrote it, since its rows are others now; found that it was edited: move it to "
          + "another name, which read-review can read, and run again")
    }
    let names = try await shown(rows)
    let writer = try await JSONLWriter(target, in: workspace.ledger, layout: layout(names))
    var seen: Set<String> = []
    for try await element in rows where seen.insert(element.id).inserted {
      var line: JSON.Object = [ReviewSheet.row: .string(element.id)]
      for name in ReviewSheet.said { line[name] = .null }
      for name in names { line[name] = element.value[name] ?? .null }
      for name in ReviewSheet.signed { line[name] = .null }
      do { try writer.write(.object(line)) } catch let bad as BadRow {
        try await sink.drop(element.ordinal, reason: bad.reason, detail: bad.detail)
      }
    }
    return [try await put(writer, own, names, isComplete: rows.isComplete)]
  }

  private func put(_ writer: JSONLWriter, _ own: OwnFiles, _ names: [String], isComplete: Bool) async throws
    -> ExportedFile
  {
    let file = try writer.seal()
    let beside = try await AtomicFile(manifest, in: workspace.ledger)
    try beside.write(
      Manifest(
        rows: writer.rows, sha256: file?.sha256, complete: isComplete, pipeline: workspace.pipeline,
        columns: (ReviewSheet.own + names).map { ($0, "any") }
      ).json.text + "\n")
    let written = ExportedFile(path: manifest.url.path, sha256: try beside.seal(), rows: 0)
    try await own.put((file == nil ? [] : [writer.file]) + [beside], retiring: file == nil ? [target] : [])
    return workspace.recorded(file ?? written, under: path)
  }

  /// The columns of the rows that are written. Errors: ``StageError``.
  private func shown(_ rows: RowSet<Columns>) async throws -> [String] {
    if let columns { return columns }
    var names: OrderedSet<String> = []
    for try await element in rows { names.formUnion(element.value.values.keys) }
    try Self.checkOwn(Array(names))
    return Array(names)
  }

  private static func checkOwn(_ names: [String]) throws {
    guard let own = names.first(where: ReviewSheet.own.contains) else { return }
    throw StageError(
      "columns: expected other columns than '\(own)', which the file has for itself, found that; rename it first, or "
        + "name the columns without it")
  }

  private func layout(_ names: [String]) -> (any RowLayout)? {
    guard let delimiter else { return nil }
    var csv = CSV(delimiter: delimiter)
    csv.names = [ReviewSheet.row] + ReviewSheet.said + names + ReviewSheet.signed
    return MarkedCSV(csv: csv)
  }
}

/// CSV that begins with a byte order mark, without which a spreadsheet takes it for another encoding than UTF-8.
private struct MarkedCSV: RowLayout {
  let csv: CSV

  var head: String { "\u{FEFF}" + csv.head }
  var between: String { csv.between }
  var foot: String { csv.foot }
  func text(of row: JSON) throws -> String { try csv.text(of: row) }
}
