package import Foundation
internal import OrderedCollections

/// The file beside an export that says what it holds, so that a reader can tell a whole file from a partial one.
package struct Manifest: Sendable {
  /// Lines of the export.
  package let rows: Int
  /// SHA-256 of the export, 64 hex digits; nil when there are no rows and so no file.
  package let sha256: String?
  /// False when rows were lost to failures upstream.
  package let complete: Bool
  /// Fingerprint of the pipeline that wrote the export; nil outside a run.
  package let pipeline: Digest?
  /// Name and type of each column, in the order of the lines' keys.
  package let columns: [(name: String, type: String)]

  package init(
    rows: Int, sha256: String?, complete: Bool, pipeline: Digest?, columns: [(name: String, type: String)]
  ) {
    self.rows = rows
    self.sha256 = sha256
    self.complete = complete
    self.pipeline = pipeline
    self.columns = columns
  }

  package var json: JSON {
    [
      "rows": .int(Int64(rows)), "sha256": sha256.map(JSON.string) ?? .null, "complete": .bool(complete),
      "pipeline": pipeline.map { .string($0.hex) } ?? .null,
      "columns": .array(columns.map { ["name": .string($0.name), "type": .string($0.type)] }),
    ]
  }

  /// Where the manifest of an export lies: `a.jsonl.manifest.json` beside `a.jsonl`.
  package static func url(beside export: URL) -> URL {
    export.deletingLastPathComponent().appending(path: export.lastPathComponent + ".manifest.json")
  }

  /// Where that of a folder lies.
  package static func url(in folder: URL) -> URL { folder.appending(path: "manifest.json") }
}

// MARK: - Manifests on disk

extension Manifest {
  /// Bytes; none that retort writes is longer.
  private static let limit = 16 << 20

  /// What a manifest says of one file.
  struct Entry: Hashable {
    let sha256: String
    let rows: Int
  }

  /// Whether a file is a manifest, byte for byte of the shape that retort writes.
  static func isOwn(_ url: URL) -> Bool { read(url) != nil }

  /// What a manifest of retort's own at `url` says of the file at `path`; nil where it names none there.
  static func entry(of path: URL, in url: URL) -> Entry? {
    guard let json = read(url) else { return nil }
    if json["columns"] != nil {
      guard Manifest.url(beside: path).path == url.path else { return nil }
      return Entry(json)
    }
    let folder = url.deletingLastPathComponent().path
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return json["files"]?.array?.first { prefix + ($0["path"]?.string ?? "") == path.path }.flatMap(
      Entry.init)
  }

  private static func read(_ url: URL) -> JSON? {
    guard (try? FileKind(at: url)) == .regular, let data = try? FileReading.all(of: url, limit: limit),
      data.first == UInt8(ascii: "{"), let text = String(validating: data, as: UTF8.self),
      let json = try? JSON(parsing: text), json.text + "\n" == text, isShaped(json)
    else { return nil }
    return json
  }

  private static func isShaped(_ json: JSON) -> Bool {
    guard let fields = json.object, let rows = fields["rows"]?.int, rows >= 0,
      fields["complete"]?.bool != nil,
      fields["pipeline"].map({ $0.isNull || isHash($0) }) ?? false
    else { return false }
    switch Array(fields.keys) {
    case ["rows", "sha256", "complete", "pipeline", "columns"]:
      return fields["sha256"].map { $0.isNull || isHash($0) } ?? false
        && fields["columns"]?.array?.allSatisfy { column in
          column.object.map { Array($0.keys) } == ["name", "type"] && column["name"]?.string != nil
            && column["type"]?.string != nil
        } ?? false
    case ["rows", "complete", "pipeline", "files"]:
      return fields["files"]?.array?.allSatisfy { file in
        file.object.map { Array($0.keys) } == ["path", "rows", "sha256"] && file["path"]?.string != nil
          && Entry(file) != nil
      } ?? false
    default: return false
    }
  }

  fileprivate static func isHash(_ json: JSON) -> Bool {
    json.string.map {
      $0.utf8.count == 64 && $0.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
      ?? false
  }
}

extension Manifest.Entry {
  fileprivate init?(_ json: JSON) {
    guard let hash = json["sha256"], Manifest.isHash(hash), let sha256 = hash.string,
      let rows = json["rows"]?.int.flatMap({ Int(exactly: $0) })
    else { return nil }
    self.init(sha256: sha256, rows: rows)
  }
}
