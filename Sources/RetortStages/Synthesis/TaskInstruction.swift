package import RetortCore

/// The task's instruction, taken from the stage named under `using: { task: … }`: column `instruction` of its first
/// row.
package struct TaskInstruction: Sendable {
  package static let role = SetRole(
    "task", required: false, columns: ["instruction"],
    help: "The stage whose first row's column 'instruction' says what the task is.")

  private let text: Once<String>

  package init(_ workspace: Workspace, role: SetRole = Self.role) {
    let set = workspace.set(role.name, as: Columns.self)
    text = Once {
      guard let set else { return "" }
      for try await row in set {
        guard let text = row.value["instruction"]?.string else { break }
        return text
      }
      throw StageError(
        "using.\(role.name): expected a row with the text 'instruction', found none; does the stage it names emit a row?"
      )
    }
  }

  /// Empty when the pipeline names no task.
  package var value: String { get async throws { try await text.value } }
}
