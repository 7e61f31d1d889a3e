package import Foundation
internal import OrderedCollections
package import RetortCore

/// Runs stages over rows held in memory, without an engine.
package enum Bench {
  package static let nowhere = Workspace(folder: URL(filePath: "/nonexistent"), models: ScriptedProvider())

  package static func rows(_ values: [JSON]) -> RowSet<Columns> {
    RowSet(values.map { Row($0.object ?? [:]) })
  }

  /// What a set stage answers, in the order it answers.
  package static func answers(
    of stage: some SetStage, to rows: [JSON], branches: [Int]? = nil
  ) async throws -> [SetAnswer] {
    try await answers(of: BoundStage(stage), to: rows, branches: branches)
  }

  /// What becomes of the rows that an export is given, and the rows of its files.
  package static func answers(of stage: some Exporter, to rows: [JSON]) async throws -> [SetAnswer] {
    try await answers(of: BoundStage(stage), to: rows)
  }

  package static func answers(of stage: some Reader) async throws -> [SetAnswer] {
    try await answers(of: BoundStage(stage), to: [])
  }

  private static func answers(
    of stage: BoundStage, to rows: [JSON], branches: [Int]? = nil
  ) async throws -> [SetAnswer] {
    guard case .set(let process) = stage.shape else { return [] }
    let heard = Heard()
    let set = RowSet<Columns>(rows.map { Row($0.object ?? [:]) }, branches: branches)
    try await process(set) { await heard.add($0) }
    return await heard.answers
  }

  /// For each row: `kept`, or the reason of its drop.
  package static func fates<S: RowStage>(of stage: S, for rows: [JSON]) async throws -> [String] {
    var fates: [String] = []
    for row in rows {
      switch try await stage.process(try Row(row.object ?? [:]).view(as: S.Input.self)) {
      case .emit, .samples: fates.append("kept")
      case .drop(let reason, _): fates.append(reason)
      }
    }
    return fates
  }

  /// A fresh folder for one test; all of them are removed when the tests end.
  package static func folder() throws -> URL {
    _ = removed
    let url = folders.appending(path: UUID().uuidString, directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  private static let folders = FileManager.default.temporaryDirectory.appending(
    path: "retort-\(UUID().uuidString)")
  private static let removed: Void = { atexit { try? FileManager.default.removeItem(at: Bench.folders) } }()

  private actor Heard {
    var answers: [SetAnswer] = []
    func add(_ answer: SetAnswer) { answers.append(answer) }
  }
}
