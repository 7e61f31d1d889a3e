internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Compares mathematical expressions (`tools/verify-math`, or another of its protocol): `{"answer": …, "reference": …}` in,
/// `{"verdict": true | false | null}` out.
struct MathHelper: Sendable {
  private let helper: Helper

  /// - Parameters:
  ///   - command: as of ``HelperProgram``.
  ///   - patience: after which a comparison has no verdict and the helper is started anew.
  init(_ command: [String], in workspace: Workspace, patience: Duration = .seconds(30)) {
    helper = Helper(
      HelperProgram(command, folder: workspace.folder, in: workspace.surroundings),
      .init(greeting: .seconds(600), patience: patience), purpose: "verifier: math",
      remedy:
        "name tools/verify-math of the project under 'command', and run it with --install where there is a network",
      say: workspace.say)
  }

  /// Whether two texts say the same expression; nil where one of them is none, or comparing them takes too long.
  /// Errors: ``Halt`` that parks the run, when the helper cannot be started.
  func agree(_ answer: String, _ reference: String) async throws -> Bool? {
    do {
      return try await helper.answer(["answer": .string(answer), "reference": .string(reference)])["verdict"]?
        .bool
    } catch is Helper.Fault {
      return nil
    }
  }
}
