import Foundation
import RetortTestSupport
import Testing

@testable import Retort

/// The pipelines that README.md and docs/ show, each read as a file in `pipelines/`.
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
    let yaml: String
    var testDescription: String { "\(page):\(line)" }
  }

  static let blocks: [Block] = pages.flatMap { page -> [Block] in
    var blocks: [Block] = []
    var open: (line: Int, lines: [Substring])?
    let text = (try? String(contentsOf: root.appending(path: page), encoding: .utf8)) ?? ""
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line == "```yaml" {
        open = (number + 2, [])
      } else if line == "```", let block = open {
        blocks.append(Block(page: page, line: block.line, yaml: block.lines.joined(separator: "\n") + "\n"))
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
    let demo = try Pipeline.read(Self.root.appending(path: "pipelines/demo.yaml"), environment: [:])
    #expect(try Self.read(block).fingerprint == demo.fingerprint)
  }

  private static func read(_ block: Block) throws -> Pipeline {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: "pages-\(UUID().uuidString)")
    defer { try? files.removeItem(at: folder) }
    try files.createDirectory(at: folder.appending(path: "pipelines"), withIntermediateDirectories: true)
    for name in ["data", "prompts", "tools"] {
      try files.createSymbolicLink(
        at: folder.appending(path: name), withDestinationURL: root.appending(path: name))
    }
    for path in block.yaml.matches(of: /\.\.\/(mine\/[\w.\/-]+)/).map({ folder.appending(path: $0.1) }) {
      try files.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: path)
    }
    let isWhole = block.yaml.split(separator: "\n").contains("stages:")
    let rest = "stages: { puzzles: { uses: generate-puzzles, with: { seed: 1, count: 1 } } }\n"
    let file = folder.appending(path: "pipelines/block.yaml")
    try Data((block.yaml + (isWhole ? "" : rest)).utf8).write(to: file)
    return try Pipeline.read(file, environment: [:])
  }
}
