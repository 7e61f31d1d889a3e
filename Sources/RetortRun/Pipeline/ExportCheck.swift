internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// What a pipeline's exports on disk are, held against their manifests.
package struct ExportCheck: Hashable, Sendable {
  /// What an export's manifest says, where all of it is true.
  package struct Whole: Hashable, Sendable {
    package let stage: String
    package let manifest: String
    package let rows: Int
    /// False when rows were lost to failures before it was written.
    package let complete: Bool
  }

  package var whole: [Whole] = []
  /// What was expected of a file and what was found.
  package var problems: [String] = []

  /// Reads every file that the pipeline's exports have written under their own names.
  package init(_ pipeline: Pipeline) {
    for stage in pipeline.stages {
      for destination in stage.entry.destinations {
        guard let path = stage.configured.config[destination.key]?.string else { continue }
        check(stage.name, URL(filePath: path, relativeTo: pipeline.folder), isFolder: destination.isFolder)
      }
    }
  }

  private mutating func check(_ stage: String, _ url: URL, isFolder: Bool) {
    guard isFolder else { return check(stage, Manifest.url(beside: url)) { [Entry(url, $0)] } }
    check(stage, Manifest.url(in: url)) { manifest in
      (manifest["files"]?.array ?? []).map { Entry(url.appending(path: $0["path"]?.string ?? ""), $0) }
    }
  }

  private struct Entry {
    let url: URL
    /// 64 hex digits; nil where there is to be no file.
    let sha256: String?
    let rows: Int?

    init(_ url: URL, _ json: JSON) {
      self.url = url
      sha256 = json["sha256"]?.string
      rows = json["rows"]?.int.flatMap { Int(exactly: $0) }
    }
  }

  private mutating func check(_ stage: String, _ url: URL, entries: (JSON) -> [Entry]) {
    guard let data = try? Data(contentsOf: url) else {
      return problems.append(
        "\(stage): expected a manifest at '\(url.path)', found none; `retort run` writes it")
    }
    guard let json = try? JSON(parsing: data), let rows = json["rows"]?.int,
      let complete = json["complete"]?.bool
    else {
      return problems.append(
        "\(stage): expected a manifest in '\(url.path)', found something else; `retort run` writes it again")
    }
    let found = entries(json).compactMap(problem).map { "\(stage): \($0); `retort run` writes it again" }
    problems += found
    if found.isEmpty {
      whole.append(Whole(stage: stage, manifest: url.path, rows: Int(rows), complete: complete))
    }
  }

  private func problem(_ entry: Entry) -> String? {
    let path = entry.url.path
    guard let data = try? Data(contentsOf: entry.url, options: .mappedIfSafe) else {
      return entry.sha256.map { _ in "expected '\(path)', found no such file" }
    }
    guard let expected = entry.sha256 else {
      return "expected no file '\(path)', since it has no rows, found one"
    }
    let sha256 = Digest(of: data).hex
    guard sha256 == expected else {
      return "expected '\(path)' with the SHA-256 \(expected), found \(sha256) (\(data.count) bytes)"
    }
    guard path.hasSuffix(".jsonl"), let rows = entry.rows else { return nil }
    let lines = data.count { $0 == UInt8(ascii: "\n") }
    return lines == rows ? nil : "expected \(rows) rows in '\(path)', found \(lines)"
  }
}
