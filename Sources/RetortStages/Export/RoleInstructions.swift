package import RetortCore

/// Files with the system turns of the roles; what is left out is the built-in one.
package struct RoleInstructions: Codable, Hashable, Sendable {
  package var questionParsing: TextFile?
  package var cotParsing: TextFile?
  package var cotVerification: TextFile?

  package init(
    questionParsing: TextFile? = nil, cotParsing: TextFile? = nil, cotVerification: TextFile? = nil
  ) {
    self.questionParsing = questionParsing
    self.cotParsing = cotParsing
    self.cotVerification = cotVerification
  }

  enum CodingKeys: String, CodingKey {
    case questionParsing = "question_parsing"
    case cotParsing = "cot_parsing"
    case cotVerification = "cot_verification"
  }

  /// The system turn of every role.
  var texts: [TrainingRole: String] {
    let own: [TrainingRole: TextFile?] = [
      .questionParsing: questionParsing, .cotParsing: cotParsing, .cotVerification: cotVerification,
    ]
    return Dictionary(
      uniqueKeysWithValues: TrainingRole.allCases.map { ($0, (own[$0] ?? nil)?.text ?? $0.instruction) })
  }
}
