import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport

@testable import RetortStages

/// What an export of training files leaves behind.
struct Exported {
  let folder: URL
  let answers: [SetAnswer]

  /// Runs a stage that writes into the folder `out`.
  static func of<S: Exporter>(
    _ rows: [JSON], validation: [JSON]? = nil, by stage: (Workspace) throws -> S
  ) async throws -> Exported {
    let folder = try Bench.folder()
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(),
      sets: validation.map { ["validation": Bench.rows($0)] } ?? [:])
    let answers = try await Bench.answers(of: stage(workspace), to: rows)
    return Exported(folder: folder.appending(path: "out", directoryHint: .isDirectory), answers: answers)
  }

  var files: [String] {
    get throws {
      try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.contains(".") }.sorted()
    }
  }

  func lines(_ file: String) throws -> [JSON] {
    try text(file).split(separator: "\n").map { try JSON(parsing: String($0)) }
  }

  func text(_ file: String) throws -> String {
    try String(contentsOf: folder.appending(path: file), encoding: .utf8)
  }

  /// The reasons of the rows that were dropped, in the order of the answers.
  var dropped: [String] {
    answers.compactMap { if case .drop(_, let reason, _) = $0 { reason } else { nil } }
  }

  /// Paths, rows and the members that each file is made from.
  var made: [(path: String?, rows: Int64?, members: [Int])] {
    answers.compactMap {
      if case .make(let file, let members) = $0 {
        (file["path"]?.string, file["rows"]?.int, members)
      } else {
        nil
      }
    }
  }

  static func user(_ text: String) -> JSON { ["role": "user", "content": .string(text)] }
  static func assistant(_ text: String) -> JSON { ["role": "assistant", "content": .string(text)] }
  static func system(_ text: String) -> JSON { ["role": "system", "content": .string(text)] }
}
