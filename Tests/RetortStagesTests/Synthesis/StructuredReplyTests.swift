import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct StructuredReplyTests {
  private func ask(
    _ replies: [ChatReply], _ heard: @escaping @Sendable (ChatRequest) -> Void = { _ in }
  ) async throws -> String {
    let model = ScriptedModel { request in
      heard(request)
      return replies[request.draw]
    }
    let reply = StructuredReply(
      model: model, sampling: .init(), schema: nil, attempts: replies.count - 1)
    let result = try await reply.ask([.user("q")]) { json throws(StructuredReply.Complaint) in
      guard let number = json["a"]?.int else { throw .init("Expected a number under \"a\"") }
      return number
    }
    switch result {
    case .value(let number, let repairs): return "\(number) after \(repairs)"
    case .useless(let reason, let detail): return "\(reason): \(detail)"
    }
  }

  static let long = #"{"a": ""# + String(repeating: "x", count: 10 << 20) + #""}"#
  static let deep = String(repeating: #"{"a":"#, count: 1000) + "1" + String(repeating: "}", count: 1000)

  @Test(arguments: [
    ("", "reply not usable: Expected JSON: expected a JSON object or list in the reply, found none"),
    ("Sorry.", "reply not usable: Expected JSON: expected a JSON object or list in the reply, found none"),
    (#"So it is {"a": 1}, I think."#, "1 after 0"), ("Here:\n```json\n{\"a\": 1}\n```\n", "1 after 0"),
    (
      #"{"a": 1, "a": 2}"#,
      "reply not usable: Expected JSON: line 1, column 10: expected each key once, found 'a' again"
    ),
    (
      #"{"a": 1"#,
      "reply not usable: Expected JSON: line 1, column 8: expected ',' or '}', found the end of the text"
    ),
    (long, "reply not usable: Expected JSON: expected a reply of at most 4194304 bytes, found 10485769"),
    (deep, "reply not usable: Expected JSON: line 1, column 321: expected at most 64 levels of nesting"),
    (#"{"b": 1}"#, #"reply not usable: Expected a number under "a""#),
  ])
  func whatAModelWritesIsAValueOrAReason(text: String, expected: String) async throws {
    #expect(try await ask([ChatReply(text: text)]) == expected)
    #expect(
      try await ask([ChatReply(text: text), ChatReply(text: #"{"a": 7}"#)]).hasSuffix("after 0")
        == (expected == "1 after 0"))
  }

  @Test func aTruncatedReplyIsNotAskedForAgain() async throws {
    let cut = ChatReply(text: #"{"a": 1}"#, finishReason: "length")
    #expect(
      try await ask([cut, ChatReply(text: #"{"a": 7}"#)])
        == #"reply truncated: it ended (length) with: {"a": 1}"#)
  }

  @Test func aRepairShowsTheReplyInBounds() async throws {
    let answer = try await ask([ChatReply(text: Self.long), ChatReply(text: #"{"a": 7}"#)]) { request in
      guard request.draw == 1 else { return }
      #expect(request.messages.map(\.role) == [.user, .assistant, .user])
      #expect(request.messages[1].content.count == 16_384)
    }
    #expect(answer == "7 after 1")
  }
}
