import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct DataFilesTests {
  private let folder: URL

  init() throws {
    folder = try Bench.folder()
    for path in [
      "data/b.jsonl", "data/a.jsonl", "data/a b.jsonl", "data/.hidden.jsonl", "data/B.jsonl", "data/é.jsonl",
      "data/x[1].jsonl", "data/notes.txt", "data/deep/c.jsonl", "data/deep/er/d.jsonl", "data/.git/e.jsonl",
    ] {
      let url = folder.appending(path: path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try path.write(to: url, atomically: false, encoding: .utf8)
    }
  }

  private func files(_ json: JSON) throws -> DataFiles {
    try json.decode(DataFiles.self, userInfo: [.folder: folder])
  }

  private func paths(_ json: JSON) throws -> [String] { try files(json).files.map(\.path) }

  @Test func aPathIsKnownByOneDigest() throws {
    let one = try files("data/a.jsonl")
    #expect(try JSON(encoding: one) == .string(Digest(of: "data/a.jsonl").description))
    #expect(try JSON(encoding: one) == JSON(encoding: one.files[0]))
  }

  @Test func severalAreKnownByEachOfTheirDigests() throws {
    let digests = ["data/a.jsonl", "data/b.jsonl"].map { JSON.string(Digest(of: $0).description) }
    #expect(try JSON(encoding: files(["data/a.jsonl", "data/b.jsonl"])) == .array(digests))
    #expect(try JSON(encoding: files(["data/a.jsonl"])) == .array([digests[0]]))
    #expect(try JSON(encoding: files("data/[ab].jsonl")) == .array(digests))
    #expect(try JSON(encoding: files("data/a?jsonl")) == .array([digests[0]]))
  }

  @Test(arguments: [
    ("data/*.jsonl", ["B", "a b", "a", "b", "x[1]", "é"].map { "data/\($0).jsonl" }),
    ("data/?.jsonl", ["B", "a", "b", "é"].map { "data/\($0).jsonl" }),
    ("data/[!a].jsonl", ["B", "b", "é"].map { "data/\($0).jsonl" }),
    ("data/[A-a].jsonl", ["B", "a"].map { "data/\($0).jsonl" }),
    ("data/*[[]1].jsonl", ["data/x[1].jsonl"]), ("data/x[1].jsonl", ["data/x[1].jsonl"]),
    ("data/.*.jsonl", ["data/.hidden.jsonl"]), ("./data/n*", ["./data/notes.txt"]),
    ("data/**/[cd].jsonl", ["data/deep/c.jsonl", "data/deep/er/d.jsonl"]),
    ("**/d.jsonl", ["data/deep/er/d.jsonl"]),
    ("data/deep/**", ["data/deep/c.jsonl", "data/deep/er/d.jsonl"]),
    ("d*/deep/../n*.txt", ["data/deep/../notes.txt"]), ("data/*a*b*l", ["data/a b.jsonl"]),
    ("data/deep/**/**/*", ["data/deep/c.jsonl", "data/deep/er/d.jsonl"]),
  ])
  func wildcardsFindFilesInTheOrderOfTheirBytes(pattern: String, found: [String]) throws {
    #expect(try paths(.string(pattern)) == found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test func aListKeepsItsOrder() throws {
    #expect(
      try paths(["data/b.jsonl", "data/deep/*.jsonl", "data/a.jsonl", "data/b.jsonl"])
        == ["data/b.jsonl", "data/deep/c.jsonl", "data/a.jsonl", "data/b.jsonl"])
  }

  @Test(
    arguments: [
      ("data/*.csv", "expected a file that fits 'data/*.csv', found none in '"),
      ("none/*.csv", "expected a file that fits 'none/*.csv', found none in '"),
      ([], "expected at least one file, found none"),
      (
        ["data/a.jsonl", "data/*.jsonl"],
        "expected each file once, found 'data/a.jsonl' again, which fits 'data/*.jsonl'"
      ),
      (
        ["data/**", "data/a.jsonl"],
        "expected each file once, found 'data/a.jsonl' again, which fits 'data/**'"
      ),
      (["data/a.jsonl", "data/z.jsonl"], "expected a readable file, found none at 'data/z.jsonl'"),
      ("data", "expected a readable file, found a folder at 'data'"),
      ("data/q*", "expected a readable file, found a pipe at 'data/queue'"),
      ("data/l*", "expected a readable file, found none at 'data/lost'"),
    ] as [(JSON, String)])
  func whatFindsNoFilesIsAMistake(value: JSON, message: String) throws {
    mkfifo(folder.appending(path: "data/queue").path, 0o644)
    symlink("nowhere", folder.appending(path: "data/lost").path)
    if value == ["data/**", "data/a.jsonl"] {
      for name in ["queue", "lost"] { unlink(folder.appending(path: "data/\(name)").path) }
    }
    let fault = #expect(throws: JSONError.self) { try files(value) }
    #expect(fault.map { "\($0)".contains(message) } == true, "\(fault.map { "\($0)" } ?? "")")
  }

  @Test func linksToFilesAreFilesAndFoldersAreFollowedOnlyWhereNamed() throws {
    symlink("../a.jsonl", folder.appending(path: "data/deep/link.jsonl").path)
    symlink("..", folder.appending(path: "data/deep/up").path)
    #expect(
      try paths("data/deep/**/*.jsonl")
        == ["data/deep/c.jsonl", "data/deep/er/d.jsonl", "data/deep/link.jsonl"])
    #expect(try paths("data/deep/u*/notes.*") == ["data/deep/up/notes.txt"])
  }
}
