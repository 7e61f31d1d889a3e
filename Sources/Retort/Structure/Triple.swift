internal import OrderedCollections

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

  /// `verification` in lower case without white space around it.
  package var normalized: Triple {
    var triple = self
    triple.verification = verification.lowercased().filter { !$0.isWhitespace }
    return triple
  }

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
