internal import RetortCore

/// The prompt texts that stages use when the pipeline names none. The same texts lie in `prompts/` to be copied and
/// edited; changing one here means raising its stage's version.
enum PromptText {
  static let rationale = """
    You solve multiple-choice reasoning questions and write down how.
    {{#instruction}}

    The task:
    {{instruction}}
    {{/instruction}}
    {{#demonstrations}}

    Example question:
    {{question}}
    Example reasoning:
    {{cot}}
    {{/demonstrations}}

    Reason step by step from the conditions of the question. Say for each conclusion what it rests on.
    {{#show_answer}}
    The right answer is given after the question. Reach it by reasoning; do not mention that it was given.
    {{/show_answer}}
    {{^show_answer}}
    End with the line "The answer is" and the letter of the option.
    {{/show_answer}}
    {{#end_with_answer}}
    End with the line "The answer is" and the letter of the option.
    {{/end_with_answer}}
    Write at most {{budget}} tokens.

    """

  static let questionParsing = """
    You list the conditions that are needed to solve a question.
    {{#instruction}}

    The task:
    {{instruction}}
    {{/instruction}}
    {{#demonstrations}}

    Example question:
    {{question}}
    Example result:
    {"question_parsing": {{question_parsing}}}
    {{/demonstrations}}

    Copy each condition from the question in its own words: every fact, every rule, and what the question itself
    supposes; leave the options out. Answer with a JSON object whose key "question_parsing" is a list of texts, and
    nothing else.

    """

  static let rationaleParsing = """
    You take a chain of reasoning apart into its steps.
    {{#instruction}}

    The task:
    {{instruction}}
    {{/instruction}}
    {{#demonstrations}}

    Example question:
    {{question}}
    {{#show_conditions}}
    Example conditions:
    {{question_parsing}}
    {{/show_conditions}}
    Example reasoning:
    {{cot}}
    Example result:
    {"cot_parsing": {{cot_parsing}}}
    {{/demonstrations}}

    For each step give the statement it makes, copied from the reasoning; the evidence it rests on, copied from the
    reasoning or the question; and Verification: "true" if the evidence logically entails the statement, else
    "false". Do not repeat a step. Answer with a JSON object whose key "cot_parsing" is a list of objects with the
    keys "statement", "evidence" and "Verification", and nothing else.

    """

  /// For a structure of one's own, which says `task` and `request`.
  static let structure = """
    {{task}}
    {{#instruction}}

    The task:
    {{instruction}}
    {{/instruction}}
    {{#demonstrations}}

    An example:
    {{shown}}
    Its result:
    {{result}}
    {{/demonstrations}}

    {{request}}

    """

  static let rewardQuestion = """
    {{#instruction}}
    {{instruction}}

    {{/instruction}}
    {{#demonstrations}}
    Question:
    {{question}}
    Reasoning:
    {{cot}}

    {{/demonstrations}}
    Question:
    {{question}}

    """

  static let comparePair = """
    Two answers to the same question follow. Say which one is better: more correct, more helpful, clearer. Length does
    not count.

    Question:
    {{question}}

    Answer A:
    {{first}}

    Answer B:
    {{second}}

    Reply with one word: A, B or tie.

    """
}
