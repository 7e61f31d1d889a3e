import Foundation
import OrderedCollections
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// The pipelines that README.md and docs/ show, each read as a file in `pipelines/`, and their queries.
///
/// A block without `stages:` shows models alone and gets a stage. What it names under `../mine/` stands for a file of
/// the reader's, and is there, empty.
@Suite struct PagesTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardizedFileURL

  struct Block: Sendable, CustomTestStringConvertible {
    let page: String
    /// Of its first line.
    let line: Int
    let text: String
    var testDescription: String { "\(page):\(line)" }
  }

  static let blocks = blocks(of: "yaml")

  private static func blocks(of language: String) -> [Block] {
    pages.flatMap { blocks(of: language, in: $0) }
  }

  private static func blocks(of language: String, in page: String) -> [Block] {
    var blocks: [Block] = []
    var open: (line: Int, lines: [Substring])?
    let text = (try? String(contentsOf: root.appending(path: page), encoding: .utf8)) ?? ""
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line == "```\(language)" {
        open = (number + 2, [])
      } else if line == "```", let block = open {
        blocks.append(Block(page: page, line: block.line, text: block.lines.joined(separator: "\n") + "\n"))
        open = nil
      } else {
        open?.lines.append(line)
      }
    }
    return blocks
  }

  private static var pages: [String] {
    let docs = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "docs").path)) ?? []
    return ["README.md"] + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
  }

  @Test func thereAreBlocks() {
    #expect(Set(Self.blocks.map(\.page)).isSuperset(of: ["README.md", "docs/pipeline-file.md"]))
  }

  @Test(arguments: blocks)
  func isSound(block: Block) throws {
    #expect(throws: Never.self) { _ = try Self.read(block) }
  }

  @Test func readmeShowsTheDemo() throws {
    let block = try #require(Self.blocks.first { $0.page == "README.md" })
    let demo = try Pipeline.read(
      Self.root.appending(path: "pipelines/demo.yaml"), catalog: .standard, environment: [:])
    #expect(try Self.read(block).fingerprint == demo.fingerprint)
  }

  /// Asked of a store in which the stage `shout` stands for `kept`.
  @Test func queriesRun() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    let queries = Self.blocks(of: "sql").flatMap { block in
      block.text.replacing("from kept", with: "from shout").split(separator: ";\n").map {
        (block, String($0))
      }
    }
    #expect(queries.count > 4)
    for (block, query) in queries {
      await #expect(throws: Never.self, "\(block.testDescription): \(query)") {
        _ = try await lab.store.inspector.query(query)
      }
    }
  }

  @Test func everyTableAndViewIsExplained() async throws {
    let page = try String(contentsOf: Self.root.appending(path: "docs/store.md"), encoding: .utf8)
    let folder = FileManager.default.temporaryDirectory.appending(path: "pages-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let names = try await Store(path: folder.appending(path: "store.sqlite").path).inspector.query(
      "select name from sqlite_master where type in ('table', 'view') and name <> 'grdb_migrations'")
    #expect(names.count > 15)
    #expect(names.compactMap { $0["name"]?.string }.filter { !page.contains("`\($0)`") } == [])
  }

  private static func read(_ block: Block) throws -> Pipeline {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: "pages-\(UUID().uuidString)")
    defer { try? files.removeItem(at: folder) }
    try files.createDirectory(at: folder.appending(path: "pipelines"), withIntermediateDirectories: true)
    for name in ["data", "prompts", "structures", "tools"] {
      try files.createSymbolicLink(
        at: folder.appending(path: name), withDestinationURL: root.appending(path: name))
    }
    for path in block.text.matches(of: /\.\.\/(mine\/[\w.\/-]+)/).map({ folder.appending(path: $0.1) }) {
      try files.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: path)
    }
    let isWhole = block.text.split(separator: "\n").contains("stages:")
    let rest = "stages: { puzzles: { uses: generate-puzzles, with: { seed: 1, count: 1 } } }\n"
    let file = folder.appending(path: "pipelines/block.yaml")
    try Data((block.text + (isWhole ? "" : rest)).utf8).write(to: file)
    return try Pipeline.read(file, catalog: .standard, environment: [:])
  }
}
