internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// METEOR of pairs of texts, from a helper (`tools/score-meteor`, or another of its protocol): `{"pairs": [[text,
/// reference], …]}` in, `{"scores": […]}` out, each from 0 to 1.
struct Meteor: Sendable {
  private let helper: Helper
  private let command: [String]

  /// Pairs of one request, so that neither side holds many.
  private static let batch = 128

  /// - Parameters:
  ///   - command: as of ``HelperProgram``.
  ///   - patience: after which a request is given up.
  init(
    _ command: [String], folder: URL, in surroundings: ProgramSurroundings = ProgramSurroundings(),
    patience: Duration = .seconds(300)
  ) {
    self.command = command
    helper = Helper(
      HelperProgram(command, folder: folder, in: surroundings),
      .init(greeting: .seconds(600), patience: patience), purpose: "metric: meteor",
      remedy:
        "name tools/score-meteor of the project as the helper, install wordnet-base, and run it with --install "
        + "where there is a network")
  }

  /// Errors: ``Halt`` that parks the run, when the helper cannot be started; ``StageError`` when it gives no scores, twice.
  func scores(of text: String, to references: [String]) async throws -> [Double] {
    var scores: [Double] = []
    for start in stride(from: 0, to: references.count, by: Self.batch) {
      scores += try await batch(text, Array(references[start..<min(start + Self.batch, references.count)]))
    }
    return scores
  }

  private func batch(_ text: String, _ references: [String]) async throws -> [Double] {
    let request: JSON.Object = ["pairs": .array(references.map { [.string(text), .string($0)] })]
    // A helper that was ended from outside is started anew, once.
    for _ in 0..<2 {
      guard let reply = try await reply(to: request) else { continue }
      let scores = (reply["scores"]?.array ?? []).compactMap(\.number).filter { (0...1).contains($0) }
      if scores.count == references.count { return scores }
    }
    throw StageError(
      "expected METEOR of \(references.count) pairs from '\(command.joined(separator: " "))', found none: it ended, took "
        + "too long, or gave no numbers from 0 to 1")
  }

  private func reply(to request: JSON.Object) async throws -> JSON? {
    do { return try await helper.answer(request) } catch is Helper.Fault { return nil }
  }
}
