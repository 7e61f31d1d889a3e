import Foundation
import OrderedCollections
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

/// What old stores are searched by, as `Tests/golden/digests.jsonl` keeps it: one line for each request, model and
/// stage, with its digest and, so that a difference can be read, what the digest is of.
struct GoldenKey {
  let name: String
  let value: JSON
  let digest: Digest

  init(_ name: String, _ value: JSON, digest: Digest? = nil) {
    self.name = name
    self.value = value
    self.digest = digest ?? Digest(of: value)
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../golden")
    .standardizedFileURL
  private static let file = folder.appending(path: "digests.jsonl")

  private static let rule = """
    Every reply and step that a user has paid for is found by it, so it stays byte for byte what it is: a new key is \
    optional, and absent where it is unset. Lines of Tests/golden/digests.jsonl are added and never changed \
    (docs/decisions.md, "Nobody pays twice for our progress").
    """

  /// Compares with the lines of the file; under `RETORT_RECORD=1` adds those that are missing, and changes none.
  static func expect(_ what: String, _ found: [GoldenKey]) throws {
    let known = try lines(what)
    for key in found {
      guard let line = known[key.name] else {
        try missing(what, key)
        continue
      }
      guard line["digest"]?.string != key.digest.hex else { continue }
      let moved = Difference.between(line["value"] ?? .null, key.value).map(\.description)
      Issue.record(
        "\(what) '\(key.name)' moved: \(moved.isEmpty ? "its digest" : moved.joined(separator: "; ")). \(rule)"
      )
    }
    for name in known.keys where !found.contains(where: { $0.name == name }) {
      Issue.record("\(what) '\(name)' is gone. \(rule)")
    }
  }

  static func lines(_ what: String) throws -> OrderedDictionary<String, JSON> {
    var lines: OrderedDictionary<String, JSON> = [:]
    for text in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      let line = try JSON(parsing: String(text))
      if line["what"]?.string == what, let name = line["name"]?.string { lines[name] = line }
    }
    return lines
  }

  /// Adds a line that the file lacks, where that is asked for.
  static func missing(_ what: String, _ key: GoldenKey) throws {
    guard ProcessInfo.processInfo.environment["RETORT_RECORD"] == "1" else {
      Issue.record(
        "\(what) '\(key.name)' is new: `RETORT_RECORD=1 swift test --filter GoldenTests` adds its line")
      return
    }
    let line: JSON = [
      "what": .string(what), "name": .string(key.name), "digest": .string(key.digest.hex), "value": key.value,
    ]
    let handle = try FileHandle(forWritingTo: file)
    defer { try? handle.close() }
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((line.text + "\n").utf8))
  }
}
