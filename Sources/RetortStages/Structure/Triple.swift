internal import OrderedCollections
internal import RetortCore

/// One step of a parsed chain of thought: what it says, what it rests on, and whether the one entails the other.
package struct Triple: Codable, Hashable, Sendable {
  package var statement: String
  package var evidence: String
  /// `true` or `false`, lower case once validated.
  package var verification: String

  package init(statement: String, evidence: String, verification: String) {
    self.statement = statement
    self.evidence = evidence
    self.verification = verification
  }

  /// As the shared task's files spell them.
  package enum CodingKeys: String, CodingKey {
    case statement, evidence
    case verification = "Verification"
  }

  /// `verification` as the schema has it, `true` or `false`, where it says so in other words; else in lower case without
  /// white space.
  package var normalized: Triple {
    var triple = self
    let plain = verification.lowercased().filter { !$0.isWhitespace }
    let words = AnswerToken.list(of: PlainSigns(verification).scalars).filter {
      $0.kind != .sign && $0.kind != .line
    }
    let word = words.map(\.low).joined()
    triple.verification =
      Self.trueWords.contains(word) ? "true" : Self.falseWords.contains(word) ? "false" : plain
    return triple
  }

  private static let trueWords: Set<String> = [
    "true", "yes", "correct", "正确", "正確", "真", "是", "对", "對", "成立", "はい", "正しい", "참", "예", "vrai", "oui",
    "verdadero", "verdadeiro", "vero", "sí", "wahr", "richtig", "верно", "истина", "да", "صحيح", "نعم",
  ]
  private static let falseWords: Set<String> = [
    "false", "no", "incorrect", "错误", "錯誤", "假", "否", "错", "錯", "不正确", "不正確", "不对", "不成立", "不是", "いいえ", "誤り",
    "偽",
    "거짓", "아니요", "faux", "non", "falso", "falsch", "неверно", "ложь", "нет", "خطأ", "لا",
  ]

  /// What a model may answer, as JSON Schema.
  static func listSchema(_ bounds: ListBounds) -> JSON {
    [
      "type": "array",
      "maxItems": .int(Int64(bounds.items)),
      "items": [
        "type": "object",
        "properties": [
          "statement": bounds.text, "evidence": bounds.text,
          "Verification": ["type": "string", "enum": ["true", "false"]],
        ],
        "required": ["statement", "evidence", "Verification"],
        "additionalProperties": false,
      ],
    ]
  }
}

extension JSON {
  /// The value with each `Verification` in it as a triple's reader takes it.
  var withPlainVerdicts: JSON {
    switch self {
    case .array(let elements): .array(elements.map(\.withPlainVerdicts))
    case .object(let fields):
      .object(
        JSON.Object(
          uniqueKeysWithValues: fields.map { key, value in
            guard key == Triple.CodingKeys.verification.rawValue else {
              return (key, value.withPlainVerdicts)
            }
            guard let verdict = value.string ?? value.bool.map(String.init) else { return (key, value) }
            return (
              key, .string(Triple(statement: "", evidence: "", verification: verdict).normalized.verification)
            )
          }))
    default: self
    }
  }

  /// Every text in the value, in order.
  var texts: [String] {
    switch self {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(\.texts)
    case .object(let fields): fields.values.flatMap(\.texts)
    default: []
    }
  }
}
