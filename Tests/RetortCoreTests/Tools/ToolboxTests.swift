import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

private let start = ToolPlace(rollout: Digest(of: "rollout"), turn: 1, call: 1)

@Suite struct ToolboxTests {
  private func told(_ asked: AskedTool, at place: ToolPlace = start) async throws -> ToolResult {
    let tool = ScriptedTool { _ in
      Issue.record("called")
      return ""
    }
    return try await Toolbox([tool], memory: DictionaryToolMemory()).call(asked, at: place)
  }

  @Test func whatNeverReachesAToolIsToldToTheModel() async throws {
    let unknown = try await told(.init(name: "serch", arguments: #"{"query": "a"}"#))
    #expect(
      unknown
        == ToolResult(
          text:
            "Error (unknown tool): expected one of the tools search, found 'serch' (did you mean 'search'?)",
          fault: .unknownTool, number: 1))
    for (arguments, words) in [
      (#"{"query": 1}"#, "Error (bad arguments): "),
      ("{\"query\": \"a", "Error (bad arguments): expected a JSON object: "),
      ("[1]", "Error (bad arguments): "), ("", "Error (bad arguments): "),
      (#"{"query": "a", "more": 1}"#, "Error (bad arguments): "),
    ] {
      let result = try await told(.init(name: "search", arguments: arguments))
      #expect(result.fault == .badArguments)
      #expect(result.text.hasPrefix(words), "\(result.text)")
    }
  }

  @Test func argumentsOfAMegabyteAreRefusedAndNotKept() async throws {
    let memory = DictionaryToolMemory()
    let box = try Toolbox([ScriptedTool { _ in "" }], memory: memory)
    let long = #"{"query": ""# + String(repeating: "x", count: 1 << 20) + #""}"#
    let result = try await box.call(.init(name: "search", arguments: long), at: start)
    #expect(
      result.text == "Error (bad arguments): expected at most 100000 bytes of arguments, found 1048589")
    #expect(memory.calls.map(\.arguments.count) == [2000])
  }

  @Test func moreCallsThanATurnMayHaveAreNotMade() async throws {
    let place = ToolPlace(rollout: start.rollout, turn: 1, call: 17)
    let result = try await told(.init(name: "search", arguments: #"{"query": "a"}"#), at: place)
    #expect(result.fault == .tooManyCalls)
  }

  @Test func imagesOfAnAnswerAreRememberedWithIt() async throws {
    let image = ImageReference(digest: Digest(of: "bytes"), type: .png, width: 4, height: 3)
    let memory = DictionaryToolMemory()
    let tool = ScriptedTool(
      "zoom", parameters: ["type": "object"], answering: { _ in ToolAnswer("", images: [image]) })
    for _ in 1...2 {
      let result = try await Toolbox([tool], memory: memory).call(
        .init(name: "zoom", arguments: "{}"), at: start)
      #expect((result.text, result.images) == ("", [image]))
    }
    #expect(tool.calls == 1)
  }

  @Test func aResultIsRememberedForEverybody() async throws {
    let tool = ScriptedTool { "found \($0["query"]?.string ?? "")\0" }
    let memory = DictionaryToolMemory()
    for (turn, arguments) in [#"{"query":"a"}"#, #"{ "query" : "a" }"#].enumerated() {
      let box = try Toolbox([tool], memory: memory)
      let place = ToolPlace(rollout: Digest(of: "\(turn)"), turn: turn + 1, call: 1)
      let result = try await box.call(.init(name: "search", arguments: arguments), at: place)
      #expect((result.text, result.fault, result.number) == ("found a\u{FFFD}", nil, 1))
    }
    #expect(tool.calls == 1)
  }

  @Test func callsAtOnceAreOne() async throws {
    let gate = Gate()
    let tool = ScriptedTool { _ in
      await gate.pass()
      return "found"
    }
    let box = try Toolbox([tool], memory: DictionaryToolMemory())
    let results = try await withThrowingTaskGroup(of: String.self) { group in
      for call in 1...8 {
        group.addTask {
          let place = ToolPlace(rollout: Digest(of: "\(call)"), turn: 1, call: 1)
          return try await box.call(.init(name: "search", arguments: #"{"query":"a"}"#), at: place).text
        }
      }
      #expect(await turn { tool.calls == 1 })
      gate.open()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results == Array(repeating: "found", count: 8))
    #expect(tool.calls == 1)
  }

  @Test func whatChangesTheWorldIsOneCallsOwn() async throws {
    let tool = ScriptedTool(effect: .effect) { _ in "done" }
    let memory = DictionaryToolMemory()
    let box = try Toolbox([tool], memory: memory)
    for turn in [1, 2, 1] {
      let place = ToolPlace(rollout: start.rollout, turn: turn, call: 1)
      _ = try await box.call(.init(name: "search", arguments: #"{"query":"a"}"#), at: place)
    }
    #expect(tool.calls == 2)
    #expect(Set(memory.calls.map(\.key)).count == 2)
  }

  /// Later calls with the same arguments are made; the one that was late stays so.
  @Test func aTimeOutIsRememberedForItsOwnCallAlone() async throws {
    let late = Mutex(true)
    let tool = ScriptedTool(timeout: 5) { _ in
      if late.withLock({ $0 }) { try await Task.sleep(for: .seconds(3600)) }
      return "found"
    }
    let box = try Toolbox([tool], memory: DictionaryToolMemory(), clock: JumpingClock())
    let asked = AskedTool(name: "search", arguments: #"{"query":"a"}"#)
    let first = try await box.call(asked, at: start)
    #expect(first.text == "Error (time-out): expected an answer within 5.0 seconds, found none")
    late.withLock { $0 = false }
    #expect(try await box.call(asked, at: start) == first)
    #expect(tool.calls == 1)
  }

  @Test func aToolsOwnFaultIsAnAnswerAndAnyOtherErrorIsNone() async throws {
    let memory = DictionaryToolMemory()
    let faulty = ScriptedTool { _ in throw ToolFault(.error, "no such page") }
    let result = try await Toolbox([faulty], memory: memory).call(
      .init(name: "search", arguments: #"{"query":"a"}"#), at: start)
    #expect((result.text, result.fault) == ("Error (error): no such page", .error))
    let broken = ScriptedTool("other") { _ in throw StageError("the disk is gone") }
    await #expect(throws: StageError.self) {
      try await Toolbox([broken], memory: memory).call(
        .init(name: "other", arguments: #"{"query":"a"}"#), at: start)
    }
    #expect(memory.calls.count == 1)
  }

  @Test func twoToolsOfOneNameAreAMistake() {
    #expect(throws: StageError("tools: expected each tool once, found 'search' twice")) {
      try Toolbox([ScriptedTool { _ in "" }, ScriptedTool { _ in "" }], memory: NoToolMemory())
    }
  }
}
