import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct JSONSalvageTests {
  @Test(arguments: [
    #"{"a":1}"#,
    #"Sure! Here it is: {"a":1} Hope that helps."#,
    "```json\n{\"a\":1}\n```",
    "I chose {x} and [sic].\n```\n{\"a\":1}\n```\nand not {\"b\":2}",
    "{\"b\":2} was wrong:\n  ```json\n  {\"a\":1}\n  ```",
    "```json\n{\"a\":1}",
    "<think>maybe {\"b\":2}?</think>\n{\"a\":1}",
    "maybe {\"b\":2}?</think>{\"a\":1}",
    "In the set {1, 2} we find {\"a\":1}",
    "```python\nprint(1)\n```\n```json\n{\"a\":1}\n```", "As [2] says: {\"a\":1} [3]",
    "Draft: {\"b\":2}. So: {\"a\":1}", "```json\n{\"b\":2}\n```\nNo:\n```json\n{\"a\":1}\n```",
    "{\"b\":}, or rather {\"a\":1}", "half open [0, 1) it is: {\"a\":1}", #""{\"a\": 1}""#,
  ])
  func finds(reply: String) throws {
    #expect(try JSON.salvage(from: reply) == ["a": 1])
  }

  @Test func bracketsAndTagsInsideStringsAreText() throws {
    #expect(try JSON.salvage(from: #"So: {"a":"} ] \" </think> ```"} done"#) == ["a": #"} ] " </think> ```"#])
    #expect(try JSON.salvage(from: #"{"a":"</think>[1]"}"#) == ["a": "</think>[1]"])
  }

  @Test func lists() throws { #expect(try JSON.salvage(from: "The steps: [1, 2]") == [1, 2]) }

  @Test func nothingIsRepaired() {
    #expect(throws: JSONError("expected a key in double quotes, found '}'", line: 2, column: 20, offset: 24))
    {
      try JSON.salvage(from: "Yes:\n{\"a\":1,\"b\":{\"c\":2},} ok")
    }
    for broken in [
      #"{"a":1,,"b":{"c":2}}"#, #"{"a":{"b":1}"#, #"{"a":1,"a":2}"#, "```json\n{\"a\":[1,]}\n```\n[1]",
      "{\"a\":1} and then {\"a\":2,}", "no value here", "", "<think>{\"a\":1}",
    ] { #expect(throws: JSONError.self) { try JSON.salvage(from: broken) } }
  }

  @Test func replyIsBounded() {
    #expect(throws: JSONError("expected a reply of at most 4 bytes, found 7")) {
      try JSON.salvage(from: #"{"a":1}"#, limits: .init(depth: 4, bytes: 4))
    }
    #expect(throws: JSONError.self) { try JSON.salvage(from: String(repeating: "{\"a\":", count: 100_000)) }
    #expect(throws: JSONError.self) { try JSON.salvage(from: String(repeating: "[1 ", count: 100_000)) }
  }

  @Test func garbageNeverTraps() {
    let seed = Array(#"{"a":[1,-2.5e3,"\u00e9\ud83d\ude00",true,null],"b":{"c":"\\"}}"#.utf8)
    for at in seed.indices {
      for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x5D, 0x2D, 0x65, 0xFF] {
        var bytes = seed
        bytes[at] = byte
        _ = try? JSON.salvage(from: String(decoding: bytes, as: UTF8.self))
      }
    }
  }
}
