import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct CallToolTests {
  private let tool = ScriptedTool { arguments in
    guard arguments["query"]?.string != "nothing" else { throw ToolFault(.error, "found nothing") }
    return "about \(arguments["query"]?.string ?? "")"
  }

  @Test func argumentsAreMadeOfColumns() async throws {
    let stage = try CallTool(
      .init(tool: tool.reference, arguments: ["query": "who is {{name}}?"], column: "passage"),
      in: Bench.nowhere)
    #expect(stage.reads.map(\.name) == ["name"])
    #expect(
      try await stage.process(Columns(["name": "Ada"])) == .emit([Columns(["passage": "about who is Ada?"])]))
  }

  @Test func aFaultDropsTheRow() async throws {
    let stage = try CallTool(.init(tool: tool.reference, arguments: ["query": "{{name}}"]), in: Bench.nowhere)
    #expect(
      try await stage.process(Columns(["name": "nothing"]))
        == .drop(reason: "tool: error", detail: "Error (error): found nothing"))
  }

  @Test func argumentsAreThoseOfTheTool() {
    for arguments in [["words": "a"], [:], ["query": "{{#a}}"]] {
      #expect(throws: StageError.self) {
        try CallTool(.init(tool: tool.reference, arguments: arguments), in: Bench.nowhere)
      }
    }
  }
}
