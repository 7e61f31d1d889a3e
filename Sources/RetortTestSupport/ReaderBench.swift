internal import Foundation
package import RetortCore

/// What a reader answered: rows made, and rejections.
package struct ReaderAnswers: Hashable, Sendable {
  package var rows: [JSON]
  package var rejected: [String]

  package init(rows: [JSON] = [], rejected: [String] = []) {
    self.rows = rows
    self.rejected = rejected
  }

  /// A reader has no input rows to answer.
  package struct Unexpected: Error { let answer: SetAnswer }
}

private actor ReaderLog {
  var answers = ReaderAnswers()

  func add(_ answer: SetAnswer) throws {
    switch answer {
    case .make(let row, []): answers.rows.append(.object(row))
    case .reject(let reason, let detail): answers.rejected.append("\(reason): \(detail)")
    case .make, .keep, .fan, .drop, .consume: throw ReaderAnswers.Unexpected(answer: answer)
    }
  }
}

private struct NoModels: ModelProvider {
  struct Unexpected: Error {}
  func chat(_ model: ModelRef) throws -> any ChatModel { throw Unexpected() }
  func embedding(_ model: ModelRef) throws -> any EmbeddingModel { throw Unexpected() }
  func reward(_ model: ModelRef) throws -> any RewardModel { throw Unexpected() }
  func scorer(_ model: ModelRef) throws -> any LogprobModel { throw Unexpected() }
}

package let noModels = Workspace(folder: FileManager.default.temporaryDirectory, models: NoModels())

package func read(_ stage: some Reader) async throws -> ReaderAnswers {
  let log = ReaderLog()
  for answer in try await Bench.answers(of: stage) { try await log.add(answer) }
  return await log.answers
}

/// A folder of its own with one file in it, removed after `body`. Messages call the file by its name.
package func withFile<Result>(
  _ name: String, _ bytes: some Sequence<UInt8>, _ body: (DataFile) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let url = folder.appending(path: name)
  try Data(bytes).write(to: url)
  let file = try JSON.string(url.path).decode(DataFile.self)
  return try await body(DataFile(path: name, url: url, digest: file.digest))
}
