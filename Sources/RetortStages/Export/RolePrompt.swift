internal import OrderedCollections
internal import RetortCore

/// The conversations of the three roles: what a role model is asked in training, and so what it must be asked later.
///
/// Question parsing lists the conditions of a question. Parsing of a chain of thought lists its statements and finds
/// the evidence of each; verification says whether the evidence entails the statement (arXiv 2504.16408).
package enum TrainingRole: String, Codable, Hashable, Sendable, CaseIterable {
  case questionParsing = "question_parsing"
  case cotParsing = "cot_parsing"
  case cotVerification = "cot_verification"

  /// The system turn where a pipeline gives none of its own.
  package var instruction: String {
    switch self {
    case .questionParsing:
      "You take logic questions apart. List every condition that is needed to solve the question, one sentence "
        + "each, in the question's own words. \(form)"
    case .cotParsing: "You take lines of reasoning apart. \(form)"
    case .cotVerification: "You check lines of reasoning. \(form)"
    }
  }

  /// What is asked for, and in which form, whoever says what the task is.
  var form: String {
    switch self {
    case .questionParsing: "Answer with a JSON list of strings."
    case .cotParsing:
      "As the last line of each request asks, list the statements that the "
        + "reasoning makes, or find the evidence that it gives for one of them, or judge one. Answer with JSON."
    case .cotVerification:
      "As the last line of each request asks, find the evidence behind a statement, "
        + "or decide whether the evidence entails it: \"true\" or \"false\", or list the statements. "
        + "Answer with JSON."
    }
  }
}

/// The user turns and the targets of the acts that roles perform.
package struct RolePrompt: Hashable, Sendable {
  package let user: String
  /// The assistant's turn: JSON text, keys in the order statement, evidence, Verification.
  package let target: String

  package static func conditions(question: String, target: [String] = []) -> RolePrompt {
    act("conditions", ["question": question], list: target)
  }

  package static func statements(
    question: String, answer: String?, cot: String, target: [String] = []
  ) -> RolePrompt {
    act("statements", texts(question, answer, cot), list: target)
  }

  package static func evidence(
    question: String, answer: String?, cot: String, statement: String, target: String = ""
  ) -> RolePrompt {
    act(
      "evidence", texts(question, answer, cot),
      of: ["statement": .string(statement), "evidence": .string(target)])
  }

  package static func verification(
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
