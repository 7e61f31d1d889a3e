import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// Replies as models write them, each with what a reader takes from it, or nothing where it should be asked again.
@Suite struct DirtyRepliesTests {
  struct Reply: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    let right: JSON?
    init(_ name: String, _ text: String, _ right: JSON?) {
      self.name = name
      self.text = text
      self.right = right
    }
    var testDescription: String { name }
  }

  static let good = #"{"grade": 5, "why": "fits"}"#
  static let draft = #"{"grade": 1, "why": "draft"}"#
  static let value: JSON = ["grade": 5, "why": "fits"]

  private static let schema: JSON = [
    "type": "object",
    "properties": ["grade": ["type": "integer"], "why": ["type": "string"]],
    "required": ["grade", "why"], "additionalProperties": false,
  ]

  /// Replies as models write them, each with the value that was asked for, or none.
  static let replies = [
    Reply("bare", good, value),
    Reply("a citation before", "As condition [1] says, the text fits.\n\(good)", value),
    Reply("an empty set before", "The empty set {} is no answer.\n\(good)", value),
    Reply("a list before", "Scores so far: [3, 4].\nResult: \(good)", value),
    Reply("a draft before", "Draft: \(draft)\nAfter checking again:\n\(good)", value),
    Reply("the same twice", "\(good)\n\(good)", value),
    Reply("a draft in thoughts", "<thinking>maybe \(draft)</thinking>\(good)", value),
    Reply("thoughts that a template opened", "maybe \(draft)</think>\n\(good)", value),
    Reply(
      "channels",
      "<|channel|>analysis<|message|>maybe \(draft)<|end|><|start|>assistant<|channel|>final<|message|>\(good)",
      value),
    Reply("thoughts that never end", "<think>maybe \(draft)", nil),
    Reply("nothing after the thoughts", "<think>maybe \(good)</think>", nil),
    Reply("prose, then thoughts", "Sure.\n<think>maybe \(draft)</think>\n\(good)", value),
    Reply("a fence", "```json\n\(good)\n```", value),
    Reply("a fence with another label", "~~~JSON5\r\n\(good)\r\n~~~\r\nDone.", value),
    Reply("a fence with prose in it", "```\nHere it is:\n\(good)\nEnd.\n```", value),
    Reply(
      "the schema in a fence",
      "The schema:\n```json\n{\"type\": \"object\", \"properties\": {}}\n```\nMine:\n```json\n\(good)\n```",
      value),
    Reply("code in a fence", "```python\nprint({\"grade\": 1})\n```\n\(good)", value),
    Reply(
      "one object in two fences", "```json\n{\"grade\": 5,\n```\nand\n```json\n\"why\": \"fits\"}\n```", nil),
    Reply("text with brackets after", "\(good)\n\nNote: [1] see above }", value),
    Reply(
      "an example of a part after", "\(good)\nAn answer such as {\"grade\": 1} would lack a reason.", value),
    Reply("JSON in a JSON text", #""{\"grade\": 5, \"why\": \"fits\"}""#, value),
    Reply("a byte order mark", "\u{FEFF}\(good)", value),
    Reply("lines of objects", "\(draft)\n\(good)\n", value),
    Reply("an interval", "In [0, 1) and {x | x > 0}: \(good)", value),
    Reply("boxed", #"\boxed{\#(good)}"#, value),
    Reply("tags around", "<answer>\n\(good)\n</answer>", value),
    Reply("a placeholder before", #"Form: {"grade": <1-5>, "why": "…"}"# + "\n\(good)", value),
    Reply("a draft that broke off", "{\"grade\": 1, \"why\": }\nOnce more:\n\(good)", value),
    Reply("a broken later draft", "\(draft)\nCorrected:\n{\"grade\": 5, \"why\": \"fits\",}", nil),
    Reply(
      "a later draft that does not fit", "\(draft)\nCorrected:\n{\"grade\": \"5\", \"why\": \"fits\"}", nil),
    Reply(
      "marks in the value", #"So: {"grade": 5, "why": "</think>[1] ``` {"}"#,
      ["grade": 5, "why": "</think>[1] ``` {"]),
    Reply(
      "JSON in the value", #"{"grade": 5, "why": "not {\"grade\": 1}"}"#,
      ["grade": 5, "why": #"not {"grade": 1}"#]),
    Reply("a whole number with a point", #"{"grade": 5.0, "why": "fits"}"#, ["grade": 5.0, "why": "fits"]),
    Reply("not a number", #"{"grade": NaN, "why": "x"}"#, nil),
    Reply("a number in quotes", #"{"grade": "5", "why": "x"}"#, nil),
    Reply("a further key", #"{"grade": 5, "why": "x", "more": 1}"#, nil),
    Reply("null", #"{"grade": 5, "why": null}"#, nil),
    Reply("nested", #"{"answer": {"grade": 5, "why": "x"}}"#, nil),
    Reply("in a list", "[\(good)]", nil),
    Reply("curved quotes", "{“grade”: 5, “why”: “x”}", nil),
    Reply("single quotes", "{'grade': 5, 'why': 'x'}", nil),
    Reply("bare keys", "{grade: 5, why: \"x\"}", nil),
    Reply("a comment", "{\"grade\": 5, // of 5\n\"why\": \"x\"}", nil),
    Reply("a comma too many", #"{"grade": 5, "why": "x",}"#, nil),
    Reply("a raw line end", "{\"grade\": 5, \"why\": \"x\ny\"}", nil),
    Reply("a key twice", #"{"grade": 5, "grade": 4, "why": "x"}"#, nil),
    Reply("cut off", #"{"grade": 5, "why": "x"#, nil),
    Reply("a number too large", #"{"grade": 1e400, "why": "x"}"#, nil),
    Reply(
      "a call of a tool", #"<tool_call>{"name": "reply", "arguments": {"grade": 5, "why": "x"}}</tool_call>"#,
      nil),
    Reply("no JSON", "The grade is 5 since it fits.", nil),
  ]

  private func read(_ text: String, _ schema: JSON = schema) async throws -> StructuredReply.Result<JSON> {
    let model = ScriptedModel { _ in ChatReply(text: text) }
    let reply = StructuredReply(
      model: model, sampling: .init(), schema: schema, rules: .init(try JSONSchema(schema)), attempts: 0)
    return try await reply.ask([.user("q")]) { json throws(StructuredReply.Complaint) in json }
  }

  @Test(arguments: replies)
  func areReadOrAskedForAgain(_ reply: Reply) async throws {
    switch try await read(reply.text) {
    case .value(let value, _): #expect(value == reply.right)
    case .useless(let reason, let detail):
      #expect(reply.right == nil, "\(detail)")
      #expect(reason == "reply not usable")
    }
  }

  @Test(arguments: [
    (#"{"grade": "5", "why": "x"}"#, #"grade: expected an integer, found "5""#),
    (#"{"grade": 5} as [1] says"#, "why: expected a text, found nothing"),
    (
      #"\#(draft) Better: {"grade": 5, "why": fits}"#,
      "Expected JSON: line 1, column 58: expected 'false', found 'fits}'"
    ),
    ("see [1] and [2]", "Expected an object, found a list"),
  ])
  func complaintsNameTheAnswer(text: String, complaint: String) async throws {
    guard case .useless(_, let detail) = try await read(text) else {
      Issue.record("read")
      return
    }
    #expect(detail == complaint)
  }

  private static let listReplies: [(String, JSON?)] = [
    ("As [1] says: [\"a\", \"b\"] (see [2])", ["a", "b"]), ("[\"a\"] and then [\"b\", ]", nil),
    ("[\"a\"]\nCorrected:\n[\"b\", \"c\", \"d\"]", nil), ("<think>[\"a\"]</think>[\"b\"]", ["b"]),
  ]

  @Test(arguments: listReplies)
  func lists(text: String, right: JSON?) async throws {
    let schema: JSON = ["type": "array", "maxItems": 2, "items": ["type": "string"]]
    switch try await read(text, schema) {
    case .value(let value, _): #expect(value == right)
    case .useless(_, let detail): #expect(right == nil, "\(detail)")
    }
  }

  @Test(arguments: [
    "[1 ", "{\"a\":", "<think>", "</think>{\"a", "[[[", "{\"a\":[\"<think></think>\",", "{x: ", "\"",
  ])
  func timeIsLinear(piece: String) async throws {
    let text = String(repeating: piece, count: (1 << 15) / piece.utf8.count)
    let time = try await ContinuousClock().measure { _ = try await read(text) }
    #expect(time < .seconds(20))
  }
}
