internal import OrderedCollections
internal import RetortCore

/// The user turns and the targets of the acts that roles perform.
struct RolePrompt: Hashable, Sendable {
  let user: String
  /// The assistant's turn: JSON text, keys in the order statement, evidence, Verification.
  let target: String

  static func conditions(question: String, target: [String] = []) -> RolePrompt {
    act("conditions", ["question": question], list: target)
  }

  static func statements(
    question: String, answer: String?, cot: String, target: [String] = []
  ) -> RolePrompt {
    act("statements", texts(question, answer, cot), list: target)
  }

  static func evidence(
    question: String, answer: String?, cot: String, statement: String, target: String = ""
  ) -> RolePrompt {
    act(
      "evidence", texts(question, answer, cot),
      of: ["statement": .string(statement), "evidence": .string(target)])
  }

  static func verification(
    question: String, answer: String?, cot: String, statement: String, evidence: String, target: String = ""
  ) -> RolePrompt {
    act(
      "verification", texts(question, answer, cot),
      of: ["statement": .string(statement), "evidence": .string(evidence), "Verification": .string(target)])
  }

  private static func texts(_ question: String, _ answer: String?, _ cot: String) -> [String: String] {
    ["question": question, "answer": answer, "cot": cot].compactMapValues { $0 }
  }

  private static func act(_ name: String, _ texts: [String: String], list: [String]) -> RolePrompt {
    own(name) { Structure.reasoning.prompt($0, texts: texts, target: .array(list.map(JSON.string))) }
  }

  private static func act(_ name: String, _ texts: [String: String], of item: JSON) -> RolePrompt {
    own(name) { Structure.reasoning.prompt($0, texts: texts, item: item) }
  }

  /// What an act of the task's own structure asks.
  private static func own(_ name: String, _ prompt: (Structure.Act) -> RolePrompt?) -> RolePrompt {
    guard let made = Structure.reasoning.acts?[name].flatMap(prompt) else {
      preconditionFailure("the task's own structure has the act '\(name)'")
    }
    return made
  }
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
