import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportRLPromptsTests {
  private let rows: [JSON] = [
    ["question": "1?", "reference": "A", "kind": "seating", "hard": 1, "completion": "x"],
    ["question": "1?", "reference": "A", "kind": "seating", "hard": 1, "completion": "y"],
    ["question": "2?", "reference": ["b": 2], "kind": "ordering", "hard": 0.25],
  ]

  private func export(
    _ config: ExportRLPrompts.Config, _ rows: [JSON], validation: [JSON]? = nil
  ) async throws -> Exported {
    try await Exported.of(rows, validation: validation) { try ExportRLPrompts(config, in: $0) }
  }

  @Test func eachTrainerHasItsShapeAndEachPromptOneLine() async throws {
    let out = try await export(.init(folder: "out", columns: ["kind", "hard"], dataSource: "puzzles"), rows)
    let (one, two) = (Exported.user("1?"), Exported.user("2?"))
    let json = #"{"b":2}"#
    #expect(
      try out.lines("trl-train.jsonl") == [
        ["prompt": [one], "ground_truth": "A", "kind": "seating", "hard": 1.0],
        ["prompt": [two], "ground_truth": .string(json), "kind": "ordering", "hard": 0.25],
      ])
    #expect(
      try out.lines("ms-swift-train.jsonl").first == [
        "messages": [one], "solution": "A", "kind": "seating", "hard": 1.0,
      ])
    #expect(
      try out.lines("verl-train.jsonl").last == [
        "data_source": "puzzles", "prompt": [two], "ability": "reasoning",
        "reward_model": ["style": "rule", "ground_truth": .string(json)],
        "extra_info": ["split": "train", "index": 1, "kind": "ordering", "hard": 0.25],
      ])
    #expect(
      try out.lines("openrlhf-train.jsonl").first == [
        "prompt": [one],
        "label": #"{"ground_truth":"A","data_source":"puzzles","kind":"seating","hard":1.0}"#,
      ])
    #expect(out.made.allSatisfy { $0.members == [0, 1, 2] })
  }

  @Test func aNumberIsOneTypeInBothSplits() async throws {
    let out = try await export(
      .init(folder: "out", formats: [.trl], columns: ["hard"]), [rows[0]], validation: [rows[2]])
    #expect(try out.text("trl-train.jsonl").contains(#""hard":1.0"#))
    #expect(try out.lines("trl-validation.jsonl").map { $0["hard"] } == [0.25])
  }

  @Test func openTasksHaveNoGroundTruth() async throws {
    let open: [JSON] = [["question": "Q?"]]
    let out = try await export(.init(folder: "out", formats: [.verl]), open)
    #expect(
      try out.lines("verl-train.jsonl").map { $0["reward_model"] } == [
        ["style": "model", "ground_truth": ""]
      ])
    let named = try await export(.init(folder: "out", formats: [.verl], reference: "answer"), open)
    #expect(named.dropped == ["no reference"])
  }

  @Test func onePromptWithTwoAnswersIsAnError() async throws {
    let rows: [JSON] = [["question": "Q?", "reference": "A"], ["question": "Q?", "reference": "B"]]
    let error = await #expect(throws: StageError.self) { try await export(.init(folder: "out"), rows) }
    #expect(error?.description.contains("found another reference in row r_") == true)
  }

  @Test(arguments: ["completions", "answer", "index", "ground_truth"])
  func namesThatATrainerTakesOtherwiseAreRefused(column: String) {
    #expect(throws: StageError.self) {
      try ExportRLPrompts(.init(folder: "out", columns: [column]), in: Bench.nowhere)
    }
  }

  @Test func aColumnThatARowLacksDropsIt() async throws {
    let out = try await export(.init(folder: "out", columns: ["kind"]), [["question": "Q?"], rows[2]])
    #expect(out.dropped == ["no kind"])
    #expect(try out.lines("trl-train.jsonl").count == 1)
  }
}
