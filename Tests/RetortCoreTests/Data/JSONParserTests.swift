import OrderedCollections
import Testing

@testable import RetortCore

@Suite struct JSONParserTests {
  @Test func keepsWhatTheTextSays() throws {
    let json = try JSON(parsing: #" {"b": [1, -2, 1.0, 2e3, true, false, null], "a": {"x": "y"}, "": []} "#)
    #expect(
      json == ["b": [1, -2, 1.0, 2000.0, true, false, nil], "a": ["x": "y"], "": []])
    #expect(json.text == #"{"b":[1,-2,1.0,2000.0,true,false,null],"a":{"x":"y"},"":[]}"#)
    #expect(json.canonical == #"{"":[],"a":{"x":"y"},"b":[1,-2,1.0,2000.0,true,false,null]}"#)
  }

  @Test(arguments: [
    ("9223372036854775807", JSON.int(.max)), ("-9223372036854775808", .int(.min)),
    ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("0", .int(0)), ("-0", .int(0)),
    ("-0.0", .double(-0.0)), ("1E+2", .double(100)), ("1e-2", .double(0.01)),
    ("5e-324", .double(.leastNonzeroMagnitude)),
  ])
  func numbers(text: String, value: JSON) throws { #expect(try JSON(parsing: text) == value) }

  @Test func escapes() throws {
    let text = #""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00 é😀""#
    #expect(try JSON(parsing: text) == .string("\"\\/\u{8}\u{C}\n\r\té😀 é😀"))
  }

  @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#])
  func halfASurrogatePairIsReplaced(text: String) throws {
    #expect(try JSON(parsing: text).string?.unicodeScalars.first == "\u{FFFD}")
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
    "[1 2]", "01", "-", "+1", ".5", "1.", "1e", "1e+", "-01", "0x1", "1e400", "NaN", "Infinity", "nul",
    "nulll",
    "True", "\"", "\"\\\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"a\nb\"", "\"\u{1}\"", "1 2", "[]]",
    "// x",
    "{\"a\":1,\"a\":2}", "\u{A0}1", "[1]\u{0}",
  ])
  func refuses(text: String) { #expect(throws: JSONError.self) { try JSON(parsing: text) } }

  @Test func refusesBytesThatAreNotUTF8() {
    for bytes: [UInt8] in [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80],
    ] {
      #expect(
        throws: JSONError("expected UTF-8, found other bytes in a string", line: 1, column: 2, offset: 1)
      ) {
        try JSON(parsing: [0x22] + bytes + [0x22])
      }
    }
  }

  @Test func skipsAByteOrderMark() throws { #expect(try JSON(parsing: "\u{FEFF}[]") == []) }

  @Test func errorsHaveAPlace() {
    #expect(
      throws: JSONError("expected ',' or '}', found '\"b\"'", line: 2, column: 9, offset: 11)
    ) { try JSON(parsing: "{\n \"é\": 1 \"b\" :2}") }
    #expect(
      throws: JSONError("expected each key once, found 'a' again", line: 1, column: 8, offset: 7)
    ) { try JSON(parsing: #"{"a":1,"a":2}"#) }
  }

  @Test func depthAndSizeAreBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try JSON(parsing: nested(128)) }
    #expect(throws: JSONError.self) { try JSON(parsing: nested(129)) }
    #expect(throws: JSONError.self) { try JSON(parsing: nested(65), limits: .reply) }
    #expect(throws: JSONError.self) { try JSON(parsing: nested(100_000)) }
    #expect(throws: JSONError.self) {
      try JSON(parsing: nested(100_000), limits: .init(depth: 1_000_000, bytes: 1 << 20))
    }
    #expect(throws: JSONError("expected at most 3 bytes of JSON, found 4")) {
      try JSON(parsing: "1234", limits: .init(depth: 1, bytes: 3))
    }
  }

  @Test func textReadsBack() throws {
    var state: UInt64 = 7
    func random() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
    func value(_ depth: Int) -> JSON {
      switch random() % (depth == 0 ? 5 : 7) {
      case 0: return .null
      case 1: return .bool(random() % 2 == 0)
      case 2: return .int(Int64(bitPattern: random() &* random()))
      case 3: return .double(Double(bitPattern: random() &* 2049)).finite
      case 4:
        return .string(
          String(
            String.UnicodeScalarView(
              (0..<random() % 9).map { _ in
                Unicode.Scalar(UInt32(random() % 0x11_0000)) ?? "\u{0}"
              })))
      case 5: return .array((0..<random() % 5).map { _ in value(depth - 1) })
      default:
        return .object(.init((0..<random() % 5).map { ("k\($0)", value(depth - 1)) }) { $1 })
      }
    }
    for _ in 0..<500 {
      let json = value(4)
      #expect(try JSON(parsing: json.text) == json)
      #expect(try Digest(of: JSON(parsing: json.canonical)) == Digest(of: json))
    }
  }

  @Test func garbageNeverTraps() {
    let seed = Array(#"{"a":[1,-2.5e3,"\u00e9\ud83d\ude00",true,null],"b":{"c":"\\"}}"#.utf8)
    for at in seed.indices {
      _ = try? JSON(parsing: seed[..<at])
      for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x5D, 0x2D, 0x65, 0xFF] {
        var bytes = seed
        bytes[at] = byte
        _ = try? JSON(parsing: bytes)
      }
    }
  }

  @Test func escapesOfEveryKindAreReadHoweverMany() throws {
    let count = 100_000
    let text = "\"" + String(repeating: "\\u00e9\\uD83d\\uDE00\\n\\\\\\/", count: count) + "\""
    #expect(try JSON(parsing: text) == .string(String(repeating: "é😀\n\\/", count: count)))
    #expect(throws: JSONError.self) { try JSON(parsing: "\"\\u00g0\"") }
  }
}

extension JSON {
  fileprivate var finite: JSON { number?.isFinite == true ? self : 0.5 }
}
