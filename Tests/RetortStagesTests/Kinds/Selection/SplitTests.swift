import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortStages

struct SplitTests {
  private func splits(_ config: Split.Config, _ rows: [JSON]) async throws -> [String] {
    try await Bench.answers(of: Split(config, in: Bench.nowhere), to: rows).map { answer in
      if case .keep(_, let columns) = answer { columns["split"]?.string ?? "" } else { "" }
    }
  }

  @Test func groupsStayTogetherAndPartsAreMet() async throws {
    let rows: [JSON] = (0..<2000).map { ["g": .int($0 / 2), "n": .int($0)] }
    let splits = try await splits(.init(fractions: ["train": 0.8, "test": 0.2], by: "g"), rows)
    #expect(stride(from: 0, to: 2000, by: 2).allSatisfy { splits[$0] == splits[$0 + 1] })
    let part = Double(splits.filter { $0 == "test" }.count) / 2000
    #expect(abs(part - 0.2) < 0.04)
  }

  @Test func addingRowsMovesNone() async throws {
    let rows: [JSON] = (0..<50).map { ["n": .int($0)] }
    let config = Split.Config(fractions: ["a": 0.5, "b": 0.5], seed: 7)
    #expect(try await splits(config, rows).prefix(20) == splits(config, Array(rows.prefix(20)))[...])
  }

  @Test func aPartWithoutARowIsSaid() async throws {
    let said = Said()
    let workspace = Workspace(
      folder: Bench.nowhere.folder, models: ScriptedProvider(),
      say: { words in said.words.withLock { $0.append(words) } })
    let config = Split.Config(fractions: ["train": 0.9, "test": 0.1, "none": 0], by: "g")
    _ = try await Bench.answers(of: Split(config, in: workspace), to: [["g": 1], ["g": 1]])
    let words = said.words.withLock { $0 }
    #expect(words.count == 1)
    #expect(
      words.first?.hasSuffix(
        "of 2 rows, which 'g' keeps together); another 'seed:', a larger part or more rows fill it") == true)
    _ = try await Bench.answers(of: Split(config, in: workspace), to: [])
    #expect(said.words.withLock { $0.count } == 1)
  }

  private final class Said: Sendable {
    let words = Mutex<[String]>([])
  }

  @Test func partsMustAddUp() {
    #expect(throws: StageError.self) { try Split(.init(fractions: ["a": 0.5]), in: Bench.nowhere) }
    #expect(throws: StageError.self) {
      try Split(.init(fractions: ["a": 2, "b": -1]), in: Bench.nowhere)
    }
  }
}
