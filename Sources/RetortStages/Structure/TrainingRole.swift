/// The conversations of the three roles: what a role model is asked in training, and so what it must be asked later.
///
/// Question parsing lists the conditions of a question. Parsing of a chain of thought lists its statements and finds
/// the evidence of each; verification says whether the evidence entails the statement (arXiv 2504.16408).
enum TrainingRole: String, Codable, Hashable, Sendable, CaseIterable {
  case questionParsing = "question_parsing"
  case cotParsing = "cot_parsing"
  case cotVerification = "cot_verification"

  /// The system turn where a pipeline gives none of its own.
  var instruction: String {
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
