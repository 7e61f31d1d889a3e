import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct SampleTests {
  private let rows: [JSON] = (0..<100).map { ["n": .int($0)] }

  private func kept(_ config: Sample.Config, _ rows: [JSON]) async throws -> Set<JSON> {
    var kept: Set<JSON> = []
    for answer in try await Bench.answers(of: Sample(config, in: Bench.nowhere), to: rows) {
      if case .keep(let ordinal, _) = answer { kept.insert(rows[ordinal]) }
    }
    return kept
  }

  @Test func theSameSeedKeepsTheSameRowsInAnyOrder() async throws {
    let first = try await kept(.init(count: 10, seed: 3), rows)
    #expect(first.count == 10)
    #expect(try await kept(.init(count: 10, seed: 3), rows.reversed()) == first)
    #expect(try await kept(.init(count: 10, seed: 4), rows) != first)
  }

  @Test func aFractionIsRoundedAndCopiesCount() async throws {
    #expect(try await kept(.init(fraction: 0.255), rows).count == 26)
    let answers = try await Bench.answers(
      of: Sample(.init(count: 1), in: Bench.nowhere), to: [["a": 1], ["a": 1]])
    #expect(
      answers.filter {
        $0 == .drop(0, reason: "not in the sample", detail: "")
          || $0 == .drop(1, reason: "not in the sample", detail: "")
      }.count == 1)
  }

  @Test func aSampleNeedsOneSize() {
    #expect(throws: StageError.self) { try Sample(.init(), in: Bench.nowhere) }
    #expect(throws: StageError.self) { try Sample(.init(count: 1, fraction: 0.5), in: Bench.nowhere) }
    #expect(throws: StageError.self) { try Sample(.init(fraction: 1.5), in: Bench.nowhere) }
  }
}
