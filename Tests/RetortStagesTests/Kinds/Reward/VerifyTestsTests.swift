import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct VerifyTestsTests {
  private typealias Tested = VerifyAnswer.Output.Tested
  private static let code = "def f(x): return 1\n"
  private static let visible: JSON = [["input": [1], "expected": 1], ["input": [2], "expected": 2]]
  private static let hidden: JSON = [["input": [3], "expected": 3]]

  private static func row(_ answer: String = "```\n\(code)```", _ more: JSON.Object = [:]) -> Columns {
    let own: JSON.Object = [
      "answer": .string(answer), "entry": "f", "tests": visible, "hidden_tests": hidden,
    ]
    return Columns(own.merging(more) { $1 })
  }

  /// As the server does it, by a script: of two tests the first passes.
  private static func tool(_ answer: @escaping @Sendable (JSON.Object) async throws -> String) -> ScriptedTool
  {
    ScriptedTool("run_tests", parameters: ["type": "object"], answer)
  }

  private static func half(_ arguments: JSON.Object) -> String {
    let total = arguments["tests"]?.array?.count ?? 0
    return JSON.object([
      "passed": .int(Int64(total / 2)), "total": .int(Int64(total)),
      "report": .string(
        "test \(total) failed: AssertionError: \(arguments["tests"]?.array?[total - 1].text ?? "")"),
    ]).text
  }

  private func stage(_ tool: ScriptedTool, _ credit: VerifyAnswer.Credit? = nil) throws -> VerifyAnswer {
    try VerifyAnswer(.init(verifier: .tests, tool: tool.reference, credit: credit), in: Bench.nowhere)
  }

  @Test(arguments: [(nil, 1.0 / 3), (.share, 1.0 / 3), (.all, 0)] as [(VerifyAnswer.Credit?, Double)])
  func aShareOrAllOfTheTests(credit: VerifyAnswer.Credit?, reward: Double) async throws {
    let tool = Self.tool { Self.half($0) }
    let stage = try stage(tool, credit)
    #expect(stage.reads.map(\.name) == ["answer", "tests", "hidden_tests", "entry"])
    // Of the hidden one nothing is told but that it failed.
    let report =
      "1 of 2 tests pass. 0 of 1 hidden tests pass.\n"
      + #"test 2 failed: AssertionError: {"input":[2],"expected":2}"#
    #expect(
      try await stage.process(Self.row())
        == .emit([
          .init(
            correct: false, reward: reward,
            tested: Tested(code: Self.code, report: report, passed: 1, run: 3))
        ]))
    #expect(tool.calls == 2)
    #expect(
      stage.adds == ["correct", "reward", "code", "test_report", "tests_passed", "tests_run"])
  }

  @Test func aResponseWithoutCodeIsNotRun() async throws {
    let tool = Self.tool { _ in throw ToolFault(.error, "never") }
    #expect(
      try await stage(tool).process(Self.row("I cannot."))
        == .emit([
          .init(
            correct: nil, reward: nil,
            tested: Tested(
              code: nil,
              report:
                "No code was found. Put it into a fenced block of Python that defines the function `f`.",
              passed: 0, run: 0))
        ]))
    #expect(tool.calls == 0)
  }

  /// It has failed, with the fault as its report.
  @Test(arguments: [ToolFault.Kind.timeout, .unreachable, .badArguments])
  func whatEndsTheServerHasPassedNothing(kind: ToolFault.Kind) async throws {
    let tool = Self.tool { _ in throw ToolFault(kind, "gone") }
    #expect(
      try await stage(tool).process(Self.row(Self.code, ["hidden_tests": .null]))
        == .emit([
          .init(
            correct: false, reward: 0,
            tested: Tested(
              code: Self.code.trimmed, report: "0 of 2 tests pass.\nError (\(kind.rawValue)): gone",
              passed: 0, run: 2))
        ]))
  }

  @Test func testsThatAreNoneDropTheirRow() async throws {
    let tool = Self.tool { _ in throw ToolFault(.error, "test 1: expected input and expected") }
    let stage = try stage(tool)
    let long = JSON.array([.string(String(repeating: "a", count: 60_000))])
    for (tests, reason) in [
      ([["no": "test"]], "bad tests"), ([], "no tests"), ("[", "no tests"), (nil, "no tests"),
      (long, "too many tests"),
    ] as [(JSON, String)] {
      guard case .drop(let found, _) = try await stage.process(Self.row(Self.code, ["tests": tests])) else {
        Issue.record("kept \(tests)")
        continue
      }
      #expect(found == reason)
    }
    #expect(
      try await Bench.fates(of: stage, for: [["answer": "", "tests": #"[{"assert": "f(1)"}]"#]]) == ["kept"])
  }

  /// A mistake of the file is no mistake of the row.
  @Test func theToolRunsTests() async throws {
    for tool in [
      ScriptedTool { _ in "" }, Self.tool { _ in "passed" }, Self.tool { _ in #"{"passed":3,"total":2}"# },
    ] {
      let stage = try stage(tool)
      await #expect(throws: StageError.self) { try await stage.process(Self.row()) }
    }
  }

  /// What a model wrote is run in the sandbox or not at all.
  @Test func keysThatGoTogether() throws {
    var server = ToolServer(
      name: "s", place: .launch(ProgramLine(words: ["python-server"]), variables: []), effect: .pure)
    func make(_ verifier: Verifier, _ tool: ToolRef?) throws {
      _ = try VerifyAnswer(.init(verifier: verifier, tool: tool), in: Bench.nowhere)
    }
    #expect(throws: StageError.self) { try make(.tests, ToolRef(ToolSpec(server))) }
    server.isSandboxed = true
    try make(.tests, ToolRef(ToolSpec(server)))
    #expect(throws: StageError.self) { try make(.tests, nil) }
    #expect(throws: StageError.self) { try make(.exact, ToolRef(ToolSpec(server))) }
  }

  /// The same code with the same tests is run once, whatever row asks.
  @Test func nothingIsRunTwice() async throws {
    let tool = Self.tool { Self.half($0) }
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(),
      tools: ToolServices(memory: DictionaryToolMemory()))
    let stage = try VerifyAnswer(.init(verifier: .tests, tool: tool.reference), in: workspace)
    for name in ["a", "b"] { _ = try await stage.process(Self.row(Self.code, ["name": .string(name)])) }
    #expect(tool.calls == 2)
  }

  /// The real server, where this machine can give a sandbox.
  @Test func theServerInTheSandbox() async throws {
    let root = URL(filePath: ToolProgram.path).deletingLastPathComponent().deletingLastPathComponent()
    let servers = MCPServers(
      folder: root, surroundings: ProgramSurroundings(["PATH": "/usr/local/bin:/usr/bin:/bin"]),
      environment: [:], transport: ScriptedTransport { _, _ in throw ModelError(.unreachable, "none") },
      redaction: Redaction())
    defer { servers.stop() }
    let server = ToolServer(
      name: "runner",
      place: .launch(
        ProgramLine(words: [root.appending(path: "tools/python-server").path, "--tests", "--seconds", "8"]),
        variables: []),
      effect: .pure, isSandboxed: true)
    let offers: [ToolOffer]
    do { offers = try await servers.offers(of: server) } catch let error as StageError {
      #expect(error.description.contains("it ended with status 78"), "\(error)")
      print("left out: no sandbox here (\(error))")
      return
    }
    let workspace = Workspace(
      folder: root, models: ScriptedProvider(),
      tools: ToolServices(memory: DictionaryToolMemory(), servers: servers, offers: ["runner": offers]))
    let stage = try VerifyAnswer(.init(verifier: .tests, tool: ToolRef(ToolSpec(server))), in: workspace)
    for (code, reward) in [
      ("def f(x): return x", 1), ("def f(x): return 2", 1.0 / 3), ("def f(x):\n    while True: pass", 0),
      ("import os\ndef f(x): os._exit(0)", 0), ("def f(x) return", 0),
    ] {
      guard case .emit(let outputs) = try await stage.process(Self.row("```python\n\(code)\n```")) else {
        Issue.record("dropped: \(code)")
        continue
      }
      #expect(outputs.map(\.reward) == [reward], "\(code)")
      #expect(outputs[0].tested?.report.contains("3") == false || reward == 1, "hidden tests stay hidden")
    }
  }
}
