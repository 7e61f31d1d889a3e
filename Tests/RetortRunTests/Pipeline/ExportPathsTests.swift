import Foundation
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

/// Where exports may write, as `retort check` sees it.
struct ExportPathsTests {
  private let folder: URL
  private var start: String { "expected a path of its own, since exports replace what is there; found " }

  init() throws {
    folder = URL(filePath: try #require(realpath(Bench.folder().path, nil).map { String(cString: $0) }))
    mkdir(folder.path + "/data", 0o755)
    try "{\"q\":\"a\"}\n".write(
      to: folder.appending(path: "data/rows.jsonl"), atomically: false, encoding: .utf8)
    try "{\"q\":\"a\"}\n".write(
      to: folder.appending(path: "data/b.limited.jsonl"), atomically: false, encoding: .utf8)
  }

  /// The messages about a pipeline that reads `data/rows.jsonl` and has these exports.
  private func mistakes(_ exports: String..., reads: String = "data/rows.jsonl") throws -> [String] {
    let file = folder.appending(path: "p.yaml")
    let lines =
      ["stages:", "  rows: { uses: read-jsonl, with: { file: \(reads) } }"]
      + exports.enumerated().map { "  e\($0): { from: rows, \($1) }" }
    try lines.joined(separator: "\n").write(to: file, atomically: false, encoding: .utf8)
    do {
      _ = try Pipeline.read(file, catalog: .standard, environment: [:])
      return []
    } catch let errors as PipelineErrors {
      return errors.diagnostics.map { $0.message.replacing(folder.path, with: "FOLDER") }
    }
  }

  private func jsonl(_ path: String) -> String { "uses: export-jsonl, with: { file: \(path) }" }
  private func parquet(_ path: String) -> String { "uses: export-parquet, with: { file: \(path) }" }

  @Test func aDatasetIsOfOneFormat() throws {
    func words(_ path: String, _ of: String = "hub/data/a.parquet") -> String {
      "expected another folder than that of '\(of)', since a folder of two formats is loaded as no dataset, found '\(path)'"
    }
    #expect(
      try mistakes(
        parquet("hub/data/a.parquet"), parquet("hub/data/b.parquet"), jsonl("hub/data/c.jsonl"),
        jsonl("hub/data/more/d.jsonl"), jsonl("hub/e.jsonl"), jsonl("f.jsonl"))
        == [words("hub/data/c.jsonl"), words("hub/data/more/d.jsonl")])
    #expect(try mistakes(jsonl("a.jsonl"), parquet("b.parquet")) == [words("a.jsonl", "b.parquet")])
  }

  @Test func anInputIsNotWrittenOverWhateverItIsCalled() throws {
    symlink("data", folder.path + "/out")
    symlink(folder.path, folder.path + "/here")
    link(folder.path + "/data/rows.jsonl", folder.path + "/second.jsonl")
    symlink("data/rows.jsonl", folder.path + "/in.jsonl")
    let held = "which writes to FOLDER/data/rows.jsonl, which 'rows' reads"
    #expect(try mistakes(jsonl("out/rows.jsonl")) == [start + "'out/rows.jsonl', which 'rows' reads"])
    #expect(
      try mistakes(jsonl("here/here/data/rows.jsonl")) == [
        start + "'here/here/data/rows.jsonl', which 'rows' reads"
      ])
    #expect(try mistakes(jsonl("second.jsonl")) == [start + "'second.jsonl', \(held)"])
    #expect(
      try mistakes(jsonl("data/rows.jsonl"), reads: "in.jsonl")
        == [start + "'data/rows.jsonl', which writes to FOLDER/in.jsonl, which 'rows' reads"])
    #expect(
      try mistakes("uses: export-rl-prompts, with: { folder: out }")
        == [start + "'out', which holds FOLDER/data/rows.jsonl, which 'rows' reads"])
    #expect(
      try mistakes(jsonl("b.jsonl"), reads: "data/b.limited.jsonl") == [])
    #expect(
      try mistakes(jsonl("out/b.jsonl"), reads: "data/b.limited.jsonl")
        == [start + "'out/b.jsonl', which writes to FOLDER/data/b.limited.jsonl, which 'rows' reads"])
    #expect(try mistakes(jsonl("here/p.yaml")) == [start + "'here/p.yaml', the pipeline file"])
  }

  @Test(arguments: [
    ("new/a.jsonl", "new/../new/a.jsonl"), ("out/a.jsonl", "real/a.jsonl"),
    ("a.jsonl.manifest.json", "a.jsonl"),
    ("a.limited.jsonl", "a.jsonl"), ("a.jsonl", ".a.jsonl.partial"),
  ])
  func twoExportsDoNotShareAFile(first: String, second: String) throws {
    mkdir(folder.path + "/real", 0o755)
    symlink("real", folder.path + "/out")
    for (one, two) in [(first, second), (second, first)] {
      #expect(
        try mistakes(jsonl(one), jsonl(two)) == [
          "expected a path that no other export writes, found '\(two)', which 'e0' writes at FOLDER/p.yaml:3:55"
        ])
    }
  }

  @Test func aFolderAndAFileInItAreTwoExportsOfOneFile() throws {
    let prompts = "uses: export-rl-prompts, with: { folder: out }"
    for name in ["README.md", "manifest.json", "trl-validation.jsonl"] {
      #expect(try mistakes(jsonl("out/\(name)"), prompts).count == 1)
    }
    #expect(try mistakes(jsonl("out/mine.jsonl"), prompts) == [])
  }

  @Test func whatIsNoFileIsInTheWay() throws {
    mkfifo(folder.path + "/pipe", 0o644)
    symlink("/nonexistent", folder.path + "/link")
    func words(_ path: String, _ found: String) -> [String] {
      [
        "expected no file at '\(path)', or one that retort wrote, found \(found) that retort did not make; name "
          + "another path, or move what is there away"
      ]
    }
    #expect(try mistakes(jsonl("data")) == words("data", "a folder"))
    #expect(try mistakes(jsonl("..")) == words("..", "a folder"))
    #expect(try mistakes(jsonl("pipe")) == words("pipe", "a pipe"))
    #expect(try mistakes(jsonl("link")) == words("link", "a link to '/nonexistent'"))
    #expect(
      try mistakes("uses: export-rl-prompts, with: { folder: p.yaml/x }").isEmpty == false)
  }

  @Test func theStoreIsNotWrittenOver() throws {
    let store = folder.path + "/store.sqlite"
    symlink(folder.path, folder.path + "/here")
    for suffix in ["", "-wal", "-shm", "-journal", ".lock"] {
      let url = folder.appending(path: "here/store.sqlite" + suffix)
      #expect(Store.owns(url, store: store) == "the store\(suffix.isEmpty ? "" : "'s '\(suffix)'")")
    }
    #expect(Store.owns(folder.appending(path: "store.sqlite.html"), store: store) == nil)
  }
}
