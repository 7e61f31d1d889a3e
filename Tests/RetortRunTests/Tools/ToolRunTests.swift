import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct ToolRunTests {
  @Test func rolloutsAreRowsWithTheirConversation() async throws {
    let project = try ToolProject()
    let summary = try await project.run()
    #expect(summary.status == .complete)
    #expect(summary.stages["rollouts"] == Books(in: 2, emitted: 2, rows: 4))
    // Two draws of five turns and two of three.
    #expect(project.calls == 16)
    let rows = try await project.query(
      "SELECT question, final_answer, turns, tool_calls, tool_errors, stop_reason, length FROM rollouts")
    #expect(rows.map { $0["final_answer"] } == ["the Thames", "the Thames", "London", "London"])
    #expect(rows.map { $0["turns"] } == [5, 5, 3, 3])
    #expect(rows.map { $0["tool_calls"] } == [4, 4, 2, 2])
    #expect(rows.map { $0["tool_errors"] } == [0, 0, 0, 0])
    #expect(Set(rows.map { $0["stop_reason"] }) == ["answer"])
    #expect(rows.map { $0["length"] } == [25, 25, 15, 15])
    let columns = try JSON(parsing: String(project.exported().split(separator: "\n")[0])).object?.keys
      .elements
    #expect(
      columns == [
        "question", "messages", "tools", "final_answer", "reasoning", "turns", "tool_calls", "tool_errors",
        "forged_results", "stop_reason", "length", "group",
      ])
  }

  @Test func theLedgerHasEachCallOnceAndEachRowItsOwnInOrder() async throws {
    let project = try ToolProject()
    _ = try await project.run()
    #expect(
      try await project.query("SELECT tool, arguments, fault FROM _tool_calls ORDER BY arguments") == [
        ["tool": "open", "arguments": #"{"document":"2"}"#, "fault": nil],
        ["tool": "open", "arguments": #"{"document":"doc://ada"}"#, "fault": nil],
        ["tool": "search", "arguments": #"{"query":"Ada Byron"}"#, "fault": nil],
        ["tool": "search", "arguments": #"{"query":"London 1"}"#, "fault": nil],
        ["tool": "search", "arguments": #"{"query":"London 2"}"#, "fault": nil],
      ])
    let used = try await project.query(
      """
      SELECT c.id AS id, c.sample AS sample, coalesce(t.tool || c.turn, 'model') AS what
      FROM row_calls c LEFT JOIN _tool_calls t ON t.tool_call = 't_' || c.tool_call
      WHERE c.stage = 'rollouts' ORDER BY c.source, c.sample, c.seq
      """)
    let rows = OrderedDictionary(grouping: used) { $0["id"] }.values
    #expect(
      rows.map { $0.compactMap { $0["what"]?.string }.joined(separator: " ") } == [
        "model search1 model open2 model search3 model open4 model",
        "model search1 model open2 model search3 model open4 model",
        "model search1 model open2 model", "model search1 model open2 model",
      ])
    #expect(rows.map { $0.first?["sample"] } == [0, 1, 0, 1])
  }

  /// Whenever it is cut off, nothing is asked twice.
  @Test(arguments: ["short", "native"]) func aRolloutResumesInItsMiddle(form: String) async throws {
    let whole = try ToolProject(form: form)
    _ = try await whole.run()
    let expected = try whole.exported()
    for most in stride(from: 1, to: 16, by: 2) {
      let project = try ToolProject(form: form)
      let first = try await project.run(answering: most)
      #expect(first.status != .complete)
      let second = try await project.run()
      #expect(second.status == .complete)
      #expect(project.calls == 16, "cut after \(most)")
      #expect(try project.exported() == expected)
      let results = try await project.query("SELECT count(*) AS n FROM _tool_calls")
      #expect(results == [["n": 5]])
      let third = try await project.run(answering: 0)
      #expect((third.status, third.calls.made, third.calls.failed) == (.complete, 0, 0))
    }
  }

  @Test func aFinishedRunNeedsNothingAndAPlanMakesNoCall() async throws {
    let project = try ToolProject()
    _ = try await project.run()
    try FileManager.default.removeItem(at: project.folder.appending(path: "store.sqlite.text"))
    let plan = try await Plan.make(project.pipeline(), store: project.store, options: RunOptions())
    #expect(plan.stages.map(\.todo) == [0, 0, 0, 0])
    #expect(try await project.run(answering: 0).calls.made == 0)
    #expect(!FileManager.default.fileExists(atPath: project.folder.appending(path: "store.sqlite.text").path))
  }

  /// The corpus is in the key of the stage that offers it, its name is not.
  @Test func anotherCorpusIsAnotherStep() async throws {
    let project = try ToolProject()
    _ = try await project.run()
    let pages = project.folder.appending(path: "pages.jsonl")
    let text = try String(contentsOf: pages, encoding: .utf8)
    try Data((text + "{\"title\": \"Rome\", \"text\": \"Rome is old.\"}\n").utf8).write(to: pages)
    let plan = try await Plan.make(project.pipeline(), store: project.store, options: RunOptions())
    #expect(plan.stages.map(\.todo)[2] == 2)
    let summary = try await project.run()
    #expect(summary.status == .complete)
    let file = project.folder.appending(path: "p.yaml")
    let renamed = try String(contentsOf: file, encoding: .utf8).replacing("pages:", with: "documents:")
      .replacing("corpus: pages", with: "corpus: documents")
    try Data(renamed.utf8).write(to: file)
    #expect(try await project.run(answering: 0).calls.made == 0)
  }

  @Test func onlyAStageWithToolsPerformsItsCorpus() async throws {
    let project = try ToolProject()
    let summary = try await project.run(RunOptions(only: "rollouts"))
    #expect(summary.stages.list.map(\.stage) == ["pages", "questions", "rollouts"])
  }

  @Test func aCollectionForgetsTheTextOfACorpusThatNobodyNames() async throws {
    let project = try ToolProject()
    _ = try await project.run()
    let folder = project.folder.appending(path: "store.sqlite.text")
    func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
    let before = try files()
    #expect(before.count == 1)
    _ = try await project.store.collect(keepRuns: 1)
    #expect(try files() == before)
    let pages = project.folder.appending(path: "pages.jsonl")
    try Data("{\"title\": \"Rome\", \"text\": \"Rome is old.\"}\n".utf8).write(to: pages)
    _ = try await project.run()
    #expect(try files().count == 2)
    #expect(try await project.store.collect(keepRuns: 1, dryRun: true).bytes > 0)
    _ = try await project.store.collect(keepRuns: 1)
    #expect(try files().filter(before.contains).isEmpty)
    #expect(try files().count == 1)
  }

  @Test func whatIsDrawnIsLeftOutAtABound() async throws {
    let file = ToolProject.file.replacing("max_turns: 6", with: "max_turns: 3, on_limit: drop")
    let project = try ToolProject(file)
    let summary = try await project.run()
    #expect(summary.stages["rollouts"] == Books(in: 2, emitted: 1, dropped: 1, rows: 2))
    #expect(
      try await project.query("SELECT reason FROM dropped") == [["reason": "turn limit"]])
  }

  @Test func generateLooksThingsUp() async throws {
    let file = ToolProject.file.replacing(
      "uses: sample-rollouts", with: "uses: generate"
    ).replacing("with: { model: policy,", with: "with: { model: policy, template: \"{{question}}\",")
    let project = try ToolProject(file)
    let summary = try await project.run()
    #expect(summary.status == .complete)
    let rows = try await project.query("SELECT reply, turns, stop_reason FROM rollouts")
    #expect(rows.map { $0["reply"] } == ["the Thames", "the Thames", "London", "London"])
    #expect(rows.map { $0["turns"] } == [5, 5, 3, 3])
  }

  @Test func aToolIsCalledForARow() async throws {
    let file = """
      tools:
        open: { uses: open-document, corpus: pages, max_tokens: 10 }
      stages:
        pages: { uses: read-jsonl, with: { file: pages.jsonl } }
        gold: { uses: call-tool, from: pages, with: { tool: open, arguments: { document: "{{title}}" }, column: passage } }

      """
    let project = try ToolProject(file)
    let summary = try await project.run()
    #expect(summary.status == .complete)
    #expect(
      try await project.query("SELECT passage FROM gold").map { $0["passage"] } == [
        "[1] Ada Byron\ndoc://ada\nAda Byron was born in London.", "[2] London\nLondon lies on the Thames.",
        "[3] Thames\nThe Thames is a river of England.",
      ])
  }

  @Test func aCorpusWithoutATextIsRefusedBeforeAModelIsAsked() async throws {
    let project = try ToolProject()
    try Data("{\"title\": \"Ada\", \"text\": \" \"}\n{\"title\": \"Rome\", \"text\": null}\n".utf8).write(
      to: project.folder.appending(path: "pages.jsonl"))
    let summary = try await project.run()
    #expect((project.calls, summary.stages["rollouts"]?.failed) == (0, 2))
    let failures = try await project.query("SELECT message FROM failed")
    #expect(
      failures.first?["message"]?.string?.contains(
        "tool 'search': expected a corpus with a text in the column 'text', found none in its 2 rows") == true
    )
  }
}
