import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct GenerateTests {
  private static let model = ModelRef(ModelSpec(alias: "teacher", name: "t"))
  private static let schema = Columns([
    "type": "object", "properties": ["title": ["type": "string"], "score": ["type": "integer"]],
  ])

  private func outcome(
    _ config: Generate.Config, _ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply
  ) async throws -> Outcome<Columns> {
    let workspace = Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat))
    return try await Generate(config, in: workspace).process(Columns(["q": "Why?", "by": "Ann"]))
  }

  @Test func rendersBothPromptsAndAddsTheReply() async throws {
    var config = Generate.Config(model: Self.model, template: "Q: {{q}}", column: "answer")
    config.system = "You are {{by}}."
    config.seed = 4
    config.stop = ["\n"]
    let outcome = try await outcome(config) { request in
      #expect(
        request
          == ChatRequest(
            [.system("You are Ann."), .user("Q: Why?")], sampling: Sampling(seed: 4, stop: ["\n"])))
      return ChatReply(text: " so\n")
    }
    #expect(outcome == .emit([Columns(["answer": " so\n"])]))
    let stage = try Generate(config, in: Bench.nowhere)
    #expect(stage.reads == [ColumnUse("q"), ColumnUse("by")])
    #expect(stage.adds == ["answer"])
  }

  @Test func aSampleOfNoUseIsLeftOutWithItsReason() async throws {
    let outcome = try await outcome(.init(model: Self.model, template: "{{q}}", samples: 3)) { request in
      switch request.draw {
      case 0: ChatReply(text: "cut", finishReason: "length")
      case 1: ChatReply(text: "good")
      default: ChatReply(text: " \n", finishReason: "stop")
      }
    }
    #expect(
      outcome
        == .samples([
          .leftOut(
            reason: "reply truncated", detail: "it ended (length) with: cut"),
          .output(Columns(["reply": "good"])),
          .leftOut(reason: "reply empty", detail: "it ended (stop) with:  \n"),
        ]))
  }

  @Test func thoughtsAloneAreNoReply() async throws {
    let replies = ["<think>so it is B</think>", "<think>so it is", "<think>hm</think>B"]
    let outcome = try await outcome(.init(model: Self.model, template: "{{q}}", samples: 3)) { request in
      ChatReply(text: replies[request.draw])
    }
    #expect(
      outcome
        == .samples([
          .leftOut(reason: "reply empty", detail: "it ended (stop) with: <think>so it is B</think>"),
          .leftOut(reason: "reply empty", detail: "it ended (stop) with: <think>so it is"),
          .output(Columns(["reply": "<think>hm</think>B"])),
        ]))
  }

  @Test func withoutASampleOfUseTheRowEnds() async throws {
    let outcome = try await outcome(.init(model: Self.model, template: "{{q}}", samples: 2)) { _ in
      ChatReply(text: "cut", finishReason: "length")
    }
    #expect(
      outcome
        == .drop(
          reason: "reply truncated",
          detail: "2 sampled, none of use; the first: it ended (length) with: cut"
        ))
  }

  @Test func fieldsOfASchemaBecomeColumns() async throws {
    let config = Generate.Config(model: Self.model, template: "{{q}}", schema: Self.schema, samples: 2)
    let outcome = try await outcome(config) { request in
      #expect(request.schema == .object(Self.schema.values))
      // Each sample has draws of its own: 0 and 1, then 2 and 3.
      switch request.draw {
      case 0: return ChatReply(text: #"{"title": "a", "score": 1, "more": 2}"#)
      case 2: return ChatReply(text: #"{"title": "b"}"#)
      default:
        #expect(request.draw == 3)
        #expect(request.messages.last?.content.contains(#"Expected the key "score", found none"#) == true)
        return ChatReply(text: "no")
      }
    }
    #expect(
      outcome
        == .samples([
          .output(Columns(["title": "a", "score": 1])),
          .leftOut(
            reason: "reply not usable",
            detail: "Expected JSON: expected a JSON object or list in the reply, found none"),
        ]))
  }

  @Test(arguments: [
    (Generate.Config(model: model, template: "{{#a}}"), "template: prompt, line 1, column 1"),
    (Generate.Config(model: model, template: "a", samples: 0), "samples: expected 1 to 1024, found 0"),
    (
      Generate.Config(model: model, template: "a", column: "b", schema: schema),
      "expected one of 'column' and 'schema', found both"
    ),
    (
      Generate.Config(model: model, template: "a", schema: Columns(["type": "string"])),
      "schema: expected an object schema with 'properties', found none"
    ),
  ])
  func refusesConfigurations(config: Generate.Config, expected: String) {
    do {
      _ = try Generate(config, in: Bench.nowhere)
      Issue.record("accepted")
    } catch { #expect("\(error)".hasPrefix(expected)) }
  }
}
