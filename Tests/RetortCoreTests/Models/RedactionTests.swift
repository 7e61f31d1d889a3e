import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct RedactionTests {
  private static let key = "sk-chaos-A+b/9_Zq7LmX2pT8wV4"
  private let redaction = Redaction([key])

  private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  private func url(_ text: String) -> String {
    base64(text).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  private func unicode(_ text: String, capitals: Bool = false) -> String {
    text.utf16.map { String(format: capitals ? "\\u%04X" : "\\u%04x", $0) }.joined()
  }

  private func percent(_ text: String) -> String { text.utf8.map { String(format: "%%%02X", $0) }.joined() }

  @Test func aSecretAcrossPartsThatAreJoinedIsCutOut() throws {
    let pieces = Self.key.map { JSON.string(String($0)) }
    let parts = JSON.array(pieces.map { ["type": "text", "text": $0] })
    let empty = [JSON](repeating: "", count: pieces.count - 1)
    for (content, clean) in [
      (JSON.array(pieces), JSON.array(["[key]"] + empty)),
      (parts, JSON.array(([JSON.string("[key]")] + empty).map { ["type": "text", "text": $0] })),
    ] {
      let json: JSON = ["choices": [["message": ["content": content]]], "data": [0.5, 1]]
      let found = redaction.reply(json.text, saying: json)
      let expected: JSON = ["choices": [["message": ["content": clean]]], "data": [0.5, 1]]
      #expect(found.json == expected)
      #expect(found.text == expected.text)
    }
  }

  /// Control characters are not shown, so what stands around them is read as one word.
  @Test func controlCharactersHideNothing() {
    for control in ["\u{0}", "\u{1}", "\u{7}", "\u{8}", "\u{1B}", "\u{7F}"] {
      #expect(redaction.words(Self.key.map(String.init).joined(separator: control)) == "[key]")
    }
  }

  @Test func escapesWithinEscapesCostNoStack() {
    let text = "&" + String(repeating: "amp;", count: 200_000)
    #expect(redaction.words(text) == text)
  }

  /// How a key may be written in words, and what is left of them.
  @Test func aKeyIsFoundInEverySpelling() {
    let key = Self.key
    let numbers = key.unicodeScalars.map { "&#\($0.value);" }.joined()
    let head = String(key.prefix(10))
    let tail = String(key.dropFirst(10))
    let mixed =
      String(key.prefix(7)) + unicode(String(key.dropFirst(7).prefix(9))) + percent(String(key.dropFirst(16)))
    let spellings: [String] = [
      key, key.uppercased(), key.lowercased(), key.replacing("/", with: "\\/"), unicode(key),
      unicode(key, capitals: true), unicode(key).replacing("\\", with: "\\\\"),
      percent(key), percent(key).lowercased(), percent(key).replacing("%", with: "%25"),
      percent(key).replacing("%", with: "\\u0025"),
      key.replacing("+", with: "%2B").replacing("/", with: "%2f"),
      key.replacing("+", with: "&plus;").replacing("/", with: "&sol;"),
      key.replacing("+", with: "&amp;#43;").replacing("/", with: "\\u0026#x2F;"),
      numbers, numbers.replacing("&#", with: "&#00000"), "\(head)\n    \(tail)", "\(head)\\n\(tail)", mixed,
      base64(key), url(key), base64("user:\(key)"), url("me:\(key)"), base64("u1:\(key)"), base64("\(key):"),
      key.utf8.map { String(format: "%02x", $0) }.joined(),
      String(key.prefix(20)), String(key.prefix(13)), String(key.suffix(8)),
      String(key.dropFirst(9).prefix(10)),
      "\(key.prefix(12))…\(key.suffix(4))", "\(key.prefix(6))****\(key.suffix(4))",
      "\(key.prefix(4))...\(key.suffix(3))",
    ]
    for spelling in spellings {
      #expect(redaction.words("so \"\(spelling)\" is it") == "so \"[key]\" is it", "\(spelling)")
    }
  }

  @Test func whatIsNoKeyStays() {
    let texts = [
      "", "sk-chaos-", "keys begin with sk-chaos- and end in V4", "sk-c...", "AAAAAAAAAAAAAAAAAAAAAAAA",
      "\\u004",
      "%", "%4", "&#", "&amp", "100% & more; \\", "Zq7LmX2", "sk-chaos-A+b", "\\ud83d",
      String(repeating: "\\", count: 99),
    ]
    for text in texts { #expect(redaction.words(text) == text) }
    #expect(Redaction(["none"]).words("none is none") == "[key] is [key]")
    #expect(Redaction().words("sk-chaos") == "sk-chaos")
  }

  private func reply(_ text: String, _ redaction: Redaction? = nil) throws -> (text: String, json: JSON) {
    (redaction ?? self.redaction).reply(text, saying: try JSON(parsing: text))
  }

  @Test func aReplyChangesWhereTheKeyStandsAndNowhereElse() throws {
    let key = Self.key
    let (text, json) = try reply(
      #"{ "a" : 1.0e3, "\#(key.replacing("/", with: "\\/"))":["\u0041\t\#(unicode(key))\/\"",-0.0 ] ,"b":"é\#(percent(key))"}"#
    )
    #expect(text == #"{ "a" : 1.0e3, "[key]":["\u0041\t[key]\/\"",-0.0 ] ,"b":"é[key]"}"#)
    #expect(try JSON(parsing: text) == json)
  }

  @Test func aReplyWithoutTheKeyIsTheSameBytes() throws {
    let text = #"{"a": [1e5, 12345678901234567890], "b\/": "sk-chaos- \u0041", "c": "none"}"#
    #expect(try reply(text) == (text, JSON(parsing: text)))
    #expect(try reply(text, Redaction(["none"])).text == text)
  }

  @Test func anEscapeIsNeverCutInTwo() throws {
    for before in ["", "\\t", "\\n", "\\\\", "\\\"", "\\u0041", "\\\\\\t", "\\/"] {
      for key in [Self.key, "t0123abcd4567", "nu00e9f1a2b3c4d5", "u0041x0123456789"] {
        let text = "{\"a\":\"\(before)\(key)\\\\\",\"b\":\"\(before)\"}"
        let (clean, json) = try reply(text, Redaction([key]))
        #expect(try JSON(parsing: clean) == json)
        let left = json["a"]?.string ?? key
        #expect(!left.contains(String(key.dropFirst())), "\(text)")
        #expect(try json["b"] == JSON(parsing: text)["b"], "\(text)")
      }
    }
  }

  @Test func numbersStayUnlessTheyAreTheKey() throws {
    let redaction = Redaction(["123456789012345"])
    #expect(
      try reply("[123456789012345, 0.123456789012345]", redaction).text == #"["[key]", 0.123456789012345]"#)
  }

  @Test func ofAHeaderTheSecretWordsAreFound() {
    #expect(Redaction(["Bearer tok-0123456789"]).words("Bearer tok-0123456789") == "Bearer [key]")
    let basic = Redaction(["Basic \(base64("me:open-sesame-77"))"])
    #expect(basic.words("you are open-sesame-77") == "you are [key]")
  }

  @Test func randomKeysInRandomSpellingsLeaveReadableJSON() throws {
    var random = SplitMix64(seed: 5)
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/=.~")
    for _ in 0..<300 {
      let key = String(
        (0..<Int.random(in: 20...60, using: &random)).map { _ in letters.randomElement(using: &random)! })
      let written = key.map { letter -> String in
        switch Int.random(in: 0..<4, using: &random) {
        case 0: unicode(String(letter))
        case 1: percent(String(letter))
        case 2: letter == "/" ? "\\/" : String(letter)
        default: String(letter)
        }
      }.joined()
      let (text, json) = try reply(#"{"x":"a \#(written) b","n":[1.50]}"#, Redaction([key]))
      #expect(text == #"{"x":"a [key] b","n":[1.50]}"#, "\(written)")
      #expect(json == ["x": "a [key] b", "n": [1.5]])
    }
  }
}
