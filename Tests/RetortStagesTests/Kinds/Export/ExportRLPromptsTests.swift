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

  private let search = ScriptedTool("search") { _ in "" }
  private let crop = ScriptedTool("crop") { _ in "" }

  private func withTools(_ formats: [ExportRLPrompts.Format]? = nil) -> ExportRLPrompts.Config {
    .init(
      folder: "out", formats: formats, reference: "reference", columns: ["kind"], dataSource: "retort/tools",
      tools: [search.reference, crop.reference], spec: ["index"], environment: "search_env")
  }

  @Test func promptsWithToolsSayWhichAndWithWhat() async throws {
    let rows: [JSON] = ["Q0?", "Q1?", "Q0?"].map {
      [
        "question": .string($0), "reference": "1912", "kind": "hop", "index": "wiki",
        "completion": .string($0),
      ]
    }
    let out = try await export(withTools(), rows)
    let spec = #"{"index":"wiki"}"#
    let made: JSON = ["create_kwargs": ["spec": .string(spec)]]
    let id = RowID.text(Digest(of: rows[1]))
    #expect(
      try out.lines("tools-train.jsonl").last == [
        "prompt": [Exported.user("Q1?")], "data_source": "retort/tools", "ability": "reasoning",
        "ground_truth": "1912", "reward_model": ["style": "rule", "ground_truth": "1912"],
        "agent_name": "tool_agent", "environment": "search_env", "env_name": "search_env",
        "extra_info": [
          "split": "train", "index": 1, "id": .string(id), "need_tools_kwargs": true,
          "tool_selection": ["search", "crop"], "tools_kwargs": ["search": made, "crop": made], "kind": "hop",
        ], "kind": "hop",
      ])
    let tools = JSON.array([search.offer.json, crop.offer.json]).text
    #expect(
      try out.lines("ms-swift-train.jsonl").first == [
        "messages": [Exported.user("Q0?")], "tools": .string(tools), "solution": "1912",
        "env_config": ["name": "search_env", "spec": .string(spec)], "kind": "hop",
      ])
    #expect(try out.lines("tools-train.jsonl").count == 2)
    #expect(
      try out.files == ["README.md", "manifest.json", "ms-swift-train.jsonl", "tools-train.jsonl"])
    let one = try await export(withTools([.verl]), rows)
    #expect(try one.files == ["README.md", "manifest.json", "tools-train.jsonl"])
  }

  @Test func toolsAreSetUpByOneSpecForEachPrompt() async throws {
    let rows: [JSON] = ["a", "b"].map {
      ["question": "Q?", "reference": "1", "kind": "hop", "index": .string($0)]
    }
    let error = await #expect(throws: StageError.self) { try await export(withTools(), rows) }
    #expect(error?.description.contains("found another value of 'spec' in row r_") == true)
  }

  @Test(arguments: [
    ExportRLPrompts.Config(folder: "out", spec: ["a"]), .init(folder: "out", environment: "e"),
    .init(folder: "out", tools: []),
    .init(folder: "out", columns: ["tools_kwargs"], tools: [ScriptedTool { _ in "" }.reference]),
  ])
  func keysOfToolsAreChecked(_ config: ExportRLPrompts.Config) {
    #expect(throws: StageError.self) { try ExportRLPrompts(config, in: Bench.nowhere) }
  }
}
