import Foundation
import GRDB
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
/// the reader's, and is there, empty but for a database's table; a pattern finds one file.
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

  /// Each finds what it asks for, and finds the same when another pipeline has run: with a stage of the same name, or with
  /// none. One that asks for the newest run of all finds that one's.
  @Test func queriesFindWhatTheyAskFor() async throws {
    let desk = try await PipelineOfThePages()
    let queries = Self.blocks(of: "sql").flatMap { block in
      block.text.split(separator: ";\n").map { (block, String($0)) }
    }
    #expect(queries.count > 4)
    func ask() async throws -> [[JSON.Object]] {
      var found: [[JSON.Object]] = []
      for (block, query) in queries {
        let rows = try await desk.store.inspector.query(
          query.replacing("r_f975ffff5fdc", with: desk.row).replacing(/order by seconds desc/, with: ""))
        #expect(!rows.isEmpty, "\(block.testDescription): \(query)")
        if !query.contains("from runs)") { found.append(rows) }
      }
      return found
    }
    let alone = try await ask()
    try await desk.run("other", stages: ["texts", "few"])
    #expect(try await ask() == alone)
    try await desk.run("third", stages: ["questions", "unlike"])
    #expect(try await ask() == alone)
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
    for match in block.text.matches(of: /\.\.\/(mine\/[\w.*\/-]+)/) {
      let name = match.1.replacing("**/", with: "").replacing("*", with: "any")
      let path = folder.appending(path: name)
      try files.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: path)
      guard path.pathExtension == "sqlite" else { continue }
      try DatabaseQueue(path: path.path).write {
        try $0.execute(sql: "CREATE TABLE notes (id, question, score, language)")
      }
    }
    let isWhole = block.text.split(separator: "\n").contains("stages:")
    let rest = "stages: { puzzles: { uses: generate-puzzles, with: { seed: 1, count: 1 } } }\n"
    let file = folder.appending(path: "pipelines/block.yaml")
    try Data((block.text + (isWhole ? "" : rest)).utf8).write(to: file)
    return try Pipeline.read(file, catalog: .standard, environment: [:])
  }
}

/// The pipeline that the queries of the pages are about, `demo`, as far as they need it: questions, a model, and rows
/// kept and dropped.
private struct PipelineOfThePages {
  private let folder: URL
  let store: Store
  /// One that was kept.
  private(set) var row = ""

  init() async throws {
    folder = try Bench.folder()
    store = try Store(path: folder.appending(path: "store.sqlite").path)
    try "{\"question\": \"a\"}\n{\"question\": \"b\"}\n".write(
      to: folder.appending(path: "q.jsonl"), atomically: false, encoding: .utf8)
    try await perform(
      "demo",
      """
      models: { m: { endpoint: "http://h/v1", name: m, price: { input: 1, output: 1 } } }
      stages:
        questions: { uses: read-jsonl, with: { file: q.jsonl, columns: [question] } }
        asked: { uses: generate, from: questions, with: { model: m, template: "{{question}}", column: cot } }
        kept: { uses: filter, from: asked, with: { where: [{ column: question, matches: b }] } }
      """)
    row = try await store.inspector.query("SELECT \"row\" FROM kept")[0]["row"]?.string ?? ""
  }

  /// Another pipeline, which drops a row too.
  func run(_ name: String, stages: [String]) async throws {
    try await perform(
      name,
      """
      stages:
        \(stages[0]): { uses: read-jsonl, with: { file: q.jsonl, columns: [question] } }
        \(stages[1]): { uses: filter, from: \(stages[0]), with: { where: [{ column: question, matches: a }] } }
      """)
  }

  private func perform(_ name: String, _ text: String) async throws {
    let file = folder.appending(path: "\(name).yaml")
    try text.write(to: file, atomically: false, encoding: .utf8)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    let answer =
      #"{"choices": [{"message": {"content": "so"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}"#
    let transport = ScriptedTransport { _, _ in HTTPResponse(status: 200, body: Array(answer.utf8)) }
    let models = ModelStack(
      models: Array(pipeline.models.values), transport: transport, memory: store.replies, environment: [:])
    _ = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
  }
}
