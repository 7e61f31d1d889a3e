internal import RetortCore

extension Structure {
  /// The shared task's own: what stands where a pipeline names none. `structures/reasoning.yaml` says the same.
  static let reasoning: Structure = {
    do { return try reasoningFile.decode(Structure.self) } catch { preconditionFailure("\(error)") }
  }()

  static let reasoningFile: JSON = [
    "columns": [
      "question": [:], "answer": ["optional": true], "cot": ["heading": "Reasoning", "called": "rationale"],
    ],
    "lists": [
      "question_parsing": ["from": ["question"], "one": "condition", "many": "conditions", "least": 3],
      "cot_parsing": [
        "from": ["question", "cot"], "one": "step", "many": "statements",
        "fields": [
          "statement": ["grounded_in": ["cot"]],
          "evidence": ["grounded_in": ["question", "cot"]],
          "Verification": [
            "description": "whether the evidence logically entails the statement",
            "values": ["true", "false"],
          ],
        ],
      ],
    ],
    "answer": ["column": "answer", "stated_in": "cot", "options_in": "question"],
    "acts": [
      "conditions": ["shows": ["question"], "list": "question_parsing"],
      "statements": [
        "shows": ["question", "answer", "cot"], "list": "cot_parsing.statement",
        "asks": "List the statements that the reasoning makes.",
      ],
      "evidence": [
        "shows": ["question", "answer", "cot"], "each": "cot_parsing", "given": ["statement"],
        "gives": ["evidence"],
        "asks": "Find the evidence for the statement.",
      ],
      "verification": [
        "shows": ["question", "answer", "cot"], "each": "cot_parsing", "given": ["statement", "evidence"],
        "gives": ["Verification"], "asks": "Does the evidence entail the statement?",
      ],
    ],
    "roles": [
      "question_parsing": [
        "system": .string(TrainingRole.questionParsing.instruction), "acts": ["conditions"],
      ],
      "cot_parsing": [
        "system": .string(TrainingRole.cotParsing.instruction),
        "acts": ["statements", "evidence", "verification"],
      ],
      "cot_verification": [
        "system": .string(TrainingRole.cotVerification.instruction),
        "acts": ["evidence", "verification", "statements"],
      ],
    ],
  ]
}
