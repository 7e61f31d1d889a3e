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

  /// As many completions of each verdict as of the rarer one, question by question.
  @Test func theVerificationRowsOfThePaper() async throws {
    let stage = try Sample(.init(balance: "right", by: ["group"]), in: Bench.nowhere)
    for golden in try GoldenSelfLearning.cases("asl_rows") {
      let questions = try #require(golden["input"]?["verdicts"]?.array).map { $0.array ?? [] }
      var rows: [JSON] = []
      for (group, verdicts) in questions.enumerated() {
        for (place, verdict) in verdicts.enumerated() {
          rows.append(["group": .int(Int64(group)), "n": .int(Int64(place)), "right": verdict])
        }
      }
      var kept = questions.map { _ in (right: 0, wrong: 0) }
      for case .keep(let ordinal, _) in try await Bench.answers(of: stage, to: rows) {
        let group = Int(rows[ordinal]["group"]?.int ?? 0)
        if rows[ordinal]["right"] == 1 { kept[group].right += 1 } else { kept[group].wrong += 1 }
      }
      let counts = { (numbers: [Int]) in JSON.array(numbers.map { .int(Int64($0)) }) }
      #expect(counts(kept.map(\.right)) == golden["expected"]?["correct_rows"])
      #expect(counts(kept.map(\.wrong)) == golden["expected"]?["wrong_rows"])
    }
  }

  @Test func aBalanceKeepsAsManyOfEach() async throws {
    let rows: [JSON] = (0..<9).map { ["n": .int($0), "v": $0 < 2 ? "a" : $0 < 5 ? "b" : "c"] } + [["v": nil]]
    let first = try await kept(.init(seed: 1, balance: "v"), rows)
    #expect(first.filter { $0["v"] == "a" }.count == 2)
    #expect(first.filter { $0["v"] == "b" }.count == 2)
    #expect(first.filter { $0["v"] == "c" }.count == 2)
    #expect(try await kept(.init(seed: 1, balance: "v"), rows.reversed()) == first)
    let answers = try await Bench.answers(
      of: Sample(.init(balance: "v", by: ["g"]), in: Bench.nowhere),
      to: [["g": 1, "v": true], ["g": 2, "v": true], ["g": 2, "v": false], ["g": 2, "v": nil]])
    #expect(
      answers == [
        .drop(3, reason: "no value to balance", detail: "v is null"),
        .drop(0, reason: "no counterpart", detail: ""), .keep(1, [:]), .keep(2, [:]),
      ])
    #expect(throws: StageError("expected one of count:, fraction: and balance:, found two")) {
      try Sample(.init(count: 1, balance: "v"), in: Bench.nowhere)
    }
    #expect(throws: StageError("by: expected balance: with it, found none")) {
      try Sample(.init(count: 1, by: ["v"]), in: Bench.nowhere)
    }
    #expect(throws: StageError("by: expected other columns than that of balance:, found 'v'")) {
      try Sample(.init(balance: "v", by: ["v"]), in: Bench.nowhere)
    }
  }
}
