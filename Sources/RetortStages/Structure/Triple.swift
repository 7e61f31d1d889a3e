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
    triple.verification = EnumWords.verdict.value(of: verification)
    return triple
  }

  var json: JSON {
    [
      "statement": .string(statement), "evidence": .string(evidence), "Verification": .string(verification),
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
