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
}

/// The system turns of the roles: a file's text, else an induced instruction with the role's form of answer, else the
/// built-in sentence.
struct RoleSystemTurns: Sendable {
  static let sets = [
    SetRole(
      "question_task", required: false, columns: ["instruction"],
      help: "The stage whose first row's column 'instruction' says how questions are taken apart."),
    SetRole(
      "cot_task", required: false, columns: ["instruction"],
      help: "The same for chains of thought; it serves both of their roles."),
  ]

  /// What speaks of the task's own roles beside a structure of one's own.
  static func mistakes(_ files: RoleInstructions?, in workspace: Workspace) -> [StageError] {
    let file = files.map { _ in
      StageError(
        "instructions: expected none beside a structure, whose roles have their system turns",
        at: ["instructions"])
    }
    return [file].compactMap { $0 }
      + sets.map(\.name).filter(workspace.has).map {
        StageError("using.\($0): expected none beside a structure, whose roles have their system turns")
      }
  }

  private let files: RoleInstructions
  private let tasks: [TrainingRole: TaskInstruction]

  /// Errors: ``StageError`` where a role has both a file and a task.
  init(_ files: RoleInstructions?, in workspace: Workspace) throws {
    self.files = files ?? RoleInstructions()
    let question = TaskInstruction(workspace, role: Self.sets[0])
    let cot = TaskInstruction(workspace, role: Self.sets[1])
    tasks = [.questionParsing: question, .cotParsing: cot, .cotVerification: cot]
    for role in TrainingRole.allCases where self.files[role] != nil {
      let task = role == .questionParsing ? Self.sets[0].name : Self.sets[1].name
      guard !workspace.has(task) else {
        throw StageError("instructions.\(role.rawValue), using.\(task): expected one of them, found both")
      }
    }
  }

  /// The system turn of every role.
  var texts: [TrainingRole: String] {
    get async throws {
      var texts: [TrainingRole: String] = [:]
      for role in TrainingRole.allCases {
        let induced = try await tasks[role]?.value ?? ""
        texts[role] =
          files[role]?.text ?? (induced.isEmpty ? role.instruction : "\(induced)\n\n\(role.form)")
      }
      return texts
    }
  }
}

extension RoleInstructions {
  fileprivate subscript(_ role: TrainingRole) -> TextFile? {
    switch role {
    case .questionParsing: questionParsing
    case .cotParsing: cotParsing
    case .cotVerification: cotVerification
    }
  }
}
