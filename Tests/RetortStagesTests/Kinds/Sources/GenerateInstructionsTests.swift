import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct GenerateInstructionsTests {
  private func rows(_ config: GenerateInstructions.Config) async throws -> [JSON] {
    try await read(GenerateInstructions(config, in: Bench.nowhere)).rows
  }

  @Test func aLargerCountKeepsTheFirst() async throws {
    let few = try await rows(.init(seed: 3, count: 6))
    #expect(try await Array(rows(.init(seed: 3, count: 40)).prefix(6)) == few)
    #expect(few.map { $0["constraint_count"] } == [1, 2, 3, 1, 2, 3])
    #expect(try await rows(.init(seed: 4, count: 6)) != few)
    #expect(Array((few[0].object ?? [:]).keys) == ["id", "question", "constraints", "constraint_count"])
  }

  @Test func keysAreChecked() {
    for config in [
      GenerateInstructions.Config(seed: 1, count: -1), .init(seed: 1, count: 1, constraints: []),
      .init(seed: 1, count: 1, constraints: [5]),
    ] {
      #expect(throws: StageError.self) { try GenerateInstructions(config, in: Bench.nowhere) }
    }
  }

  /// Right only where all hold; each constraint has its report.
  @Test func constraintsAreVerified() async throws {
    let stage = try VerifyAnswer(.init(verifier: .constraints), in: Bench.nowhere)
    let constraints: JSON = [["kind": "lowercase"], ["kind": "words", "least": 2, "most": 3]]
    func verdict(_ text: String) async throws -> VerifyAnswer.Output? {
      guard
        case .emit(let outputs) = try await stage.process(
          Columns(["answer": .string(text), "constraints": constraints]))
      else { return nil }
      return outputs.first
    }
    func report(_ first: String, _ second: String) -> JSON {
      [
        ["constraint": "Write in lower case only.", "holds": .bool(first.isEmpty), "found": .string(first)],
        ["constraint": "Use 2 to 3 words.", "holds": .bool(second.isEmpty), "found": .string(second)],
      ]
    }
    #expect(
      try await verdict("<think>Hm</think>it rains")
        == .init(correct: true, reward: 1, report: report("", "")))
    #expect(
      try await verdict("It rains") == .init(correct: false, reward: 0, report: report("capital letters", ""))
    )
    #expect(
      try await verdict(" ") == .init(correct: nil, reward: nil, report: report("no text", "no text")))
    for bad in [[], [["kind": "rhyme"]], "words"] as [JSON] {
      let outcome = try await stage.process(Columns(["answer": "a", "constraints": bad]))
      guard case .drop("no constraints", _) = outcome else {
        Issue.record("\(outcome)")
        continue
      }
    }
    #expect(stage.adds == ["correct", "reward", "constraint_report"])
  }
}
