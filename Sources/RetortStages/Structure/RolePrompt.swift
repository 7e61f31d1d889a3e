internal import OrderedCollections
internal import RetortCore

/// The user turns and the targets of the acts that roles perform.
struct RolePrompt: Hashable, Sendable {
  let user: String
  /// The assistant's turn: JSON text, keys in the order statement, evidence, Verification.
  let target: String
}

/// A row that role sets are made from.
package struct RoleRow: Codable, Hashable, Sendable {
  package var question: String
  package var answer: String?
  package var questionParsing: [String]
  package var cot: String
  package var cotParsing: [Triple]

  package init(
    question: String, answer: String? = nil, questionParsing: [String], cot: String, cotParsing: [Triple]
  ) {
    self.question = question
    self.answer = answer
    self.questionParsing = questionParsing
    self.cot = cot
    self.cotParsing = cotParsing
  }

  enum CodingKeys: String, CodingKey {
    case question, answer, cot
    case questionParsing = "question_parsing"
    case cotParsing = "cot_parsing"
  }
}
