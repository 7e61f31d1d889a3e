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
    RolePrompt(user: "Question:\n\(question)", target: list(target))
  }

  package static func statements(
    question: String, answer: String?, cot: String, target: [String] = []
  ) -> RolePrompt {
    RolePrompt(
      user: "\(context(question, answer, cot))\n\nList the statements that the reasoning makes.",
      target: list(target))
  }

  package static func evidence(
    question: String, answer: String?, cot: String, statement: String, target: String = ""
  ) -> RolePrompt {
    RolePrompt(
      user: "\(context(question, answer, cot))\n\nStatement:\n\(statement)"
        + "\n\nFind the evidence for the statement.",
      target: JSON.object(["statement": .string(statement), "evidence": .string(target)]).text)
  }

  package static func verification(
    question: String, answer: String?, cot: String, statement: String, evidence: String, target: String = ""
  ) -> RolePrompt {
    RolePrompt(
      user: "\(context(question, answer, cot))\n\nStatement:\n\(statement)\n\nEvidence:\n\(evidence)"
        + "\n\nDoes the evidence entail the statement?",
      target: JSON.object([
        "statement": .string(statement), "evidence": .string(evidence), "Verification": .string(target),
      ]).text)
  }

  private static func context(_ question: String, _ answer: String?, _ cot: String) -> String {
    let answer = answer.map { "\n\nAnswer:\n\($0)" } ?? ""
    return "Question:\n\(question)\(answer)\n\nReasoning:\n\(cot)"
  }

  private static func list(_ items: [String]) -> String { JSON.array(items.map(JSON.string)).text }
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

  /// The training examples of one role. The two roles about the chain of thought share their acts and put their own
  /// first, as the paper's sets do.
  package func examples(of role: TrainingRole) -> [RolePrompt] {
    let statements = RolePrompt.statements(
      question: question, answer: answer, cot: cot, target: cotParsing.map(\.statement))
    let judged = cotParsing.flatMap { triple in
      [
        RolePrompt.evidence(
          question: question, answer: answer, cot: cot, statement: triple.statement, target: triple.evidence),
        RolePrompt.verification(
          question: question, answer: answer, cot: cot, statement: triple.statement,
          evidence: triple.evidence, target: triple.verification),
      ]
    }
    return switch role {
    case .questionParsing: [.conditions(question: question, target: questionParsing)]
    case .cotParsing: [statements] + judged
    case .cotVerification: judged + [statements]
    }
  }
}
