import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct RetrieveDemonstrationsTests {
  private static let vectors: [String: [Float]] = [
    "east": [2, 0], "east again": [1, 0.001], "north-east": [1, 1], "north": [0, 3], "also north": [0, 1],
    "west": [-1, 0], "nowhere": [0, 0], "longer": [1, 0, 0],
  ]
  private let pool = ["east", "north", "east again", "also north", "north-east", "west"].map {
    Row(["question": .string($0), "answer": .string("to the \($0)")])
  }

  private func stage(
    k: Int? = nil, maxSimilarity: Double? = nil,
    texts: @escaping @Sendable ([String]) async -> Void = { _ in }
  ) throws -> RetrieveDemonstrations {
    let models = ScriptedProvider(embedding: { asked in
      await texts(asked)
      return asked.map { Self.vectors[$0] ?? [] }
    })
    let config = RetrieveDemonstrations.Config(
      model: ModelRef(ModelSpec(alias: "embedder", name: "embedder", kind: .embedding)), k: k,
      maxSimilarity: maxSimilarity)
    let workspace = Workspace(
      folder: URL(filePath: "."), models: models, sets: ["pool": RowSet<Columns>(pool)])
    return try RetrieveDemonstrations(config, in: workspace)
  }

  private func found(
    _ question: String, by stage: RetrieveDemonstrations
  ) async throws -> [(question: String, similarity: Double)] {
    guard case .emit(let outputs) = try await stage.process(.init(["question": .string(question)])) else {
      return []
    }
    return outputs.flatMap {
      zip($0.demonstrations, $0.similarities).map { ($0["question"]?.string ?? "", $1) }
    }
  }

  @Test func nearestFirstWithoutTheQuestionAndItsDuplicates() async throws {
    let near = try await found("east", by: stage(k: 3))
    #expect(near.map(\.question) == ["north-east", "north", "also north"])
    #expect(near.map { ($0.similarity * 1000).rounded() } == [707, 0, 0])
  }

  @Test func nearDuplicatesStayWhenAllowed() async throws {
    let near = try await found("east", by: stage(maxSimilarity: 1))
    #expect(near.map(\.question) == ["east again", "north-east", "north", "also north", "west"])
  }

  @Test func demonstrationsAreWholeRows() async throws {
    let stage = try stage(k: 1)
    guard case .emit(let outputs) = try await stage.process(.init(["question": .string("north-east")])) else {
      Issue.record("expected rows")
      return
    }
    #expect(
      outputs.map(\.demonstrations) == [[["question": "east again", "answer": "to the east again"]]])
    #expect(stage.adds == ["demonstrations", "demonstration_similarities"])
    #expect(stage.reads == [ColumnUse("question")])
  }

  @Test func aVectorOfZerosIsSimilarToNothing() async throws {
    let near = try await found("nowhere", by: stage(k: 2))
    #expect(near.map(\.question) == ["east", "north"])
    #expect(near.map(\.similarity) == [0, 0])
  }

  @Test func thePoolIsEmbeddedOnce() async throws {
    let log = Log()
    let stage = try stage(texts: { await log.add($0) })
    _ = try await stage.process(.init(["question": .string("north")]))
    _ = try await stage.process(.init(["question": .string("west")]))
    #expect(
      await log.calls == [
        ["east", "north", "east again", "also north", "north-east", "west"], ["north"], ["west"],
      ])
  }

  @Test func refusals() async throws {
    #expect(throws: StageError("k: expected 1 or more, found 0")) { try stage(k: 0) }
    #expect(throws: StageError("max_similarity: expected -1 to 1, found 2.0")) {
      try stage(maxSimilarity: 2)
    }
    await #expect(throws: StageError("expected vectors of 2 numbers, found 3")) {
      try await stage().process(.init(["question": .string("longer")]))
    }
  }
}

private actor Log {
  var calls: [[String]] = []
  func add(_ texts: [String]) { calls.append(texts) }
}
