import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

/// A server that wants to be asked in another way is asked so, under the key of always.
struct LearnedSpellingTests {
  private static let good = HTTPResponse(
    status: 200, body: Array(#"{"choices":[{"message":{"content":"ok"}}]}"#.utf8))

  private static func refusal(_ words: String, status: Int = 400) -> HTTPResponse {
    HTTPResponse(
      status: status, body: Array(JSON.object(["error": ["message": .string(words)]]).text.utf8))
  }

  private static let refusesMaxTokens =
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."

  private static func model(_ field: ModelSpec.TokensField? = nil) -> ModelSpec {
    var model = ModelSpec(alias: "t", name: "m")
    model.endpoint = "http://host/v1"
    model.retries = 0
    model.maxTokensField = field
    return model
  }

  private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    func say(_ line: String) { lines.withLock { $0.append(line) } }
    var said: [String] { lines.withLock { $0 } }
  }

  private func bodies(_ transport: ScriptedTransport) -> [String] {
    transport.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) }
  }

  private func stack(
    _ model: ModelSpec, _ transport: ScriptedTransport, _ memory: DictionaryMemory = DictionaryMemory(),
    _ notes: Notes = Notes()
  ) -> ModelStack {
    ModelStack(
      models: [model], transport: transport, memory: memory, clock: JumpingClock(), random: { 0 },
      environment: [:], say: { notes.say($0) })
  }

  @Test func theOtherFieldForMaxTokensIsFoundOnceAndInNoKey() async throws {
    let transport = ScriptedTransport { request, _ in
      let body = try JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))
      return body["max_tokens"] == nil ? Self.good : Self.refusal(Self.refusesMaxTokens)
    }
    let memory = DictionaryMemory()
    let stack = stack(Self.model(), transport, memory)
    let chat = try stack.chat(ModelRef(Self.model()))
    for text in ["a", "b"] {
      let request = ChatRequest([.user(text)], sampling: Sampling(maxTokens: 5, stop: ["x"]))
      #expect(try await chat.reply(to: request).text == "ok")
    }
    let body = { (field: String, text: String) in
      #"{"model":"m","messages":[{"role":"user","content":"\#(text)"}],"\#(field)":5,"stop":["x"]}"#
    }
    #expect(
      bodies(transport) == [
        body("max_tokens", "a"), body("max_completion_tokens", "a"), body("max_completion_tokens", "b"),
      ])
    // What stood under the usual spelling is found under the other.
    let said = Self.model(.maxCompletionTokens)
    #expect(said.identity == Self.model().identity)
    let silent = ScriptedTransport { _, _ in throw ModelError(.unreachable, "off") }
    let again = try self.stack(said, silent, memory).chat(ModelRef(said))
    let request = ChatRequest([.user("a")], sampling: Sampling(maxTokens: 5, stop: ["x"]))
    #expect(try await again.reply(to: request).text == "ok")
    #expect(silent.requests.isEmpty)
  }

  @Test func theFileSaysTheFieldAtOnce() async throws {
    let transport = ScriptedTransport { _, _ in Self.good }
    let model = Self.model(.maxCompletionTokens)
    _ = try await stack(model, transport).chat(ModelRef(model)).reply(
      to: ChatRequest([.user("a")], sampling: Sampling(maxTokens: 5)))
    #expect(
      bodies(transport) == [
        #"{"model":"m","messages":[{"role":"user","content":"a"}],"max_completion_tokens":5}"#
      ])
  }

  @Test(arguments: [
    "System role not supported", "This model does not support system messages.",
    "Error in the template: Only user and assistant roles are supported!",
  ])
  func aSystemTurnThatIsRefusedIsFoldedAndNotedOnce(words: String) async throws {
    let transport = ScriptedTransport { request, _ in
      String(decoding: request.body ?? [], as: UTF8.self).contains(#""system""#)
        ? Self.refusal(words) : Self.good
    }
    let notes = Notes()
    let chat = try stack(Self.model(), transport, DictionaryMemory(), notes).chat(ModelRef(Self.model()))
    for text in ["a", "b"] {
      let turns = [ChatMessage.system("s"), .user(text), .assistant("x"), .user("y")]
      #expect(try await chat.reply(to: ChatRequest(turns)).text == "ok")
    }
    let folded = { (text: String) in
      #"{"model":"m","messages":[{"role":"user","content":"s\n\n\#(text)"},{"role":"assistant","content":"x"},{"role":"user","content":"y"}]}"#
    }
    #expect(Array(bodies(transport).dropFirst()) == [folded("a"), folded("b")])
    #expect(
      notes.said == [
        "model 't' takes no system turn; its words are put before those of the first user turn"
      ])
  }

  @Test func aRefusalOfSomethingElseStands() async throws {
    let words = "max_tokens or max_completion_tokens is too large: this model supports at most 4096"
    let transport = ScriptedTransport { _, _ in Self.refusal(words) }
    let chat = try stack(Self.model(), transport).chat(ModelRef(Self.model()))
    await #expect(throws: ModelError(.refused, status: 400, words)) {
      try await chat.reply(to: ChatRequest([.user("a")], sampling: Sampling(maxTokens: 5)))
    }
    #expect(transport.requests.count == 1)
  }

  @Test(arguments: [
    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
    "Unsupported parameter: 'temperature' is not supported with this model.",
    "`temperature` may only be set to 1 when thinking is enabled.",
  ])
  func aFieldThatTheModelRefusesIsNamedWithItsRemedy(words: String) async throws {
    let transport = ScriptedTransport { _, _ in Self.refusal(words) }
    let chat = try stack(Self.model(), transport).chat(ModelRef(Self.model()))
    await #expect(
      throws: ModelError(
        .refused, status: 400,
        words + "; say 'omit: [temperature]' under models.t, and it is asked without that")
    ) { try await chat.reply(to: ChatRequest([.user("a")], sampling: Sampling(temperature: 0))) }
    #expect(transport.requests.count == 1)
  }

  /// A value out of range is the file's mistake, and so is what was never sent.
  @Test(arguments: ["temperature must be between 0 and 2", "'top_p' is not supported with this model"])
  func anotherRefusalOfAFieldStands(words: String) async throws {
    let transport = ScriptedTransport { _, _ in Self.refusal(words) }
    let chat = try stack(Self.model(), transport).chat(ModelRef(Self.model()))
    await #expect(throws: ModelError(.refused, status: 400, words)) {
      try await chat.reply(to: ChatRequest([.user("a")], sampling: Sampling(temperature: 9)))
    }
  }

  /// It is asked, and remembered, as if the stage had never said it: the answer is one to that.
  @Test func whatIsOmittedIsNeitherSentNorInTheRequestsKey() async throws {
    var model = Self.model()
    let transport = ScriptedTransport { _, _ in Self.good }
    let memory = DictionaryMemory()
    _ = try await stack(model, transport, memory).chat(ModelRef(model)).reply(
      to: ChatRequest([.user("a")], sampling: Sampling(maxTokens: 5)))
    model.omit = [.temperature, .topP, .seed, .stop]
    let sampling = Sampling(temperature: 0, topP: 0.5, seed: 3, maxTokens: 5, stop: ["x"])
    let reply = try await stack(model, transport, memory).chat(ModelRef(model)).reply(
      to: ChatRequest([.user("a")], sampling: sampling))
    #expect(reply.text == "ok")
    #expect(transport.requests.count == 1)
    let all: JSON = ["seed", "stop", "temperature", "top_p"]
    #expect(model.identity == ["name": "m", "kind": "chat", "omit": all])
  }

  @Test func aServerThatRefusesBothWaysIsAskedTwice() async throws {
    let transport = ScriptedTransport { _, _ in Self.refusal(Self.refusesMaxTokens) }
    let chat = try stack(Self.model(), transport).chat(ModelRef(Self.model()))
    await #expect(throws: ModelError(.refused, status: 400, Self.refusesMaxTokens)) {
      try await chat.reply(to: ChatRequest([.user("a")], sampling: Sampling(maxTokens: 5)))
    }
    #expect(transport.requests.count == 2)
  }
}
