import Foundation
import Retort
import Testing

/// What a reader answered: rows made, and rejections.
struct ReaderAnswers: Hashable, Sendable {
  var rows: [JSON] = []
  var rejected: [String] = []
}

private actor ReaderLog {
  var answers = ReaderAnswers()

  func add(_ answer: SetAnswer) {
    switch answer {
    case .make(let row, let members):
      #expect(members.isEmpty)
      answers.rows.append(.object(row))
    case .reject(let reason, let detail): answers.rejected.append("\(reason): \(detail)")
    case .keep, .fan, .drop, .consume: Issue.record("a reader has no input rows to answer: \(answer)")
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

let noModels = Workspace(folder: FileManager.default.temporaryDirectory, models: NoModels())

func read(_ stage: some Reader) async throws -> ReaderAnswers {
  let log = ReaderLog()
  for answer in try await Bench.answers(of: stage) { await log.add(answer) }
  return await log.answers
}

/// A folder of its own with one file in it, removed after `body`.
func withFile<Result>(
  _ name: String, _ bytes: some Sequence<UInt8>, _ body: (DataFile) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let url = folder.appending(path: name)
  try Data(bytes).write(to: url)
  return try await body(try JSON.string(url.path).decode(DataFile.self))
}
