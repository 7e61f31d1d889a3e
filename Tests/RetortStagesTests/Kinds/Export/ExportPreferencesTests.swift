import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportPreferencesTests {
  private let row: JSON = ["question": "Q?", "chosen": "good", "rejected": "bad", "pair_weight": 10]
  private let user = Exported.user("Q?")
  private let good = Exported.assistant("good")
  private let bad = Exported.assistant("bad")

  private func export(
    _ config: ExportPreferences.Config, _ rows: [JSON], validation: [JSON]? = nil
  ) async throws -> Exported {
    try await Exported.of(rows, validation: validation) { try ExportPreferences(config, in: $0) }
  }

  @Test func eachTrainerHasItsShape() async throws {
    let out = try await export(.init(folder: "out", margin: "pair_weight", marginScale: 0.1), [row])
    #expect(
      try out.lines("trl-train.jsonl") == [
        ["prompt": [user], "chosen": [good], "rejected": [bad], "margin": 1.0]
      ])
    #expect(
      try out.lines("ms-swift-train.jsonl") == [
        ["messages": [user, good], "rejected_response": "bad", "margin": 1.0]
      ])
    #expect(
      try out.lines("llama-factory-train.jsonl") == [["messages": [user], "chosen": good, "rejected": bad]])
    #expect(
      try out.lines("openai-train.jsonl") == [
        ["input": ["messages": [user]], "preferred_output": [good], "non_preferred_output": [bad]]
      ])
    #expect(
      try out.files == [
        "README.md", "dataset_info.json", "llama-factory-train.jsonl", "manifest.json",
        "ms-swift-train.jsonl",
        "openai-train.jsonl", "trl-train.jsonl",
      ])
  }

  @Test func withoutAMarginNoLineHasOne() async throws {
    let out = try await export(.init(folder: "out", formats: [.trl], system: "S."), [row])
    #expect(
      try out.lines("trl-train.jsonl") == [
        ["prompt": [Exported.system("S."), user], "chosen": [good], "rejected": [bad]]
      ])
    #expect(try out.files == ["README.md", "manifest.json", "trl-train.jsonl"])
    #expect(out.made.map(\.path) == ["out/trl-train.jsonl", "out/README.md", "out/manifest.json"])
    #expect(out.made.map(\.rows) == [1, 0, 0])
    #expect(out.made.map(\.members) == [[0], [0], [0]])
  }

  @Test func conversationsAndMessagesAreTakenAsTheyAre() async throws {
    let prompt: JSON = [Exported.system("S."), user, Exported.assistant("A."), Exported.user("R?")]
    let out = try await export(
      .init(folder: "out", formats: [.trl]), [["prompt": prompt, "chosen": [good], "rejected": bad]])
    #expect(try out.lines("trl-train.jsonl") == [["prompt": prompt, "chosen": [good], "rejected": [bad]]])
  }

  @Test func rowsThatNoTrainerTakesAreDroppedWithAReason() async throws {
    let rows: [JSON] = [
      ["question": "Q?", "chosen": "same", "rejected": "same", "pair_weight": 1],
      ["question": "Q?", "chosen": "good", "rejected": "bad", "pair_weight": nil],
      ["question": "Q?", "chosen": " ", "rejected": "bad", "pair_weight": 1],
      ["chosen": "good", "rejected": "bad", "pair_weight": 1],
      ["prompt": [good], "chosen": "good", "rejected": "bad", "pair_weight": 1],
      ["prompt": [user, good], "chosen": "good", "rejected": "bad", "pair_weight": 1],
      row,
    ]
    let out = try await export(.init(folder: "out", formats: [.trl], margin: "pair_weight"), rows)
    #expect(
      out.dropped == [
        "equal pair", "no number in pair_weight", "no text in chosen", "no prompt", "bad prompt",
        "bad prompt",
      ])
    #expect(try out.lines("trl-train.jsonl").count == 1)
    #expect(out.made.allSatisfy { $0.members == [6] })
  }

  @Test func aBadValidationRowIsAnError() async throws {
    let error = await #expect(throws: StageError.self) {
      try await export(.init(folder: "out"), [row], validation: [["question": "Q?", "chosen": "a"]])
    }
    #expect(error?.description.hasPrefix("using.validation: row r_") == true)
  }

  @Test func splitsThatHaveRowsAreInTheCardAndTheIndex() async throws {
    let config = ExportPreferences.Config(folder: "out", formats: [.llamaFactory])
    let alone = try await export(config, [row])
    #expect(!(try alone.text("README.md").contains("validation")))
    let both = try await export(config, [row], validation: [row, row])
    #expect(
      try both.text("README.md").contains("{split: validation, path: llama-factory-validation.jsonl}"))
    let tags: JSON = [
      "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
      "system_tag": "system",
    ]
    let columns: JSON = ["messages": "messages", "chosen": "chosen", "rejected": "rejected"]
    func entry(_ file: JSON) -> JSON {
      ["file_name": file, "formatting": "sharegpt", "ranking": true, "columns": columns, "tags": tags]
    }
    #expect(
      try JSON(parsing: both.text("dataset_info.json")) == [
        "llama_factory_train": entry("llama-factory-train.jsonl"),
        "llama_factory_validation": entry("llama-factory-validation.jsonl"),
      ])
  }

  @Test func noRowsLeaveOnlyAManifest() async throws {
    let out = try await export(.init(folder: "out"), [], validation: [row])
    #expect(try out.files == ["manifest.json"])
    #expect(try out.text("manifest.json") == #"{"rows":0,"complete":true,"pipeline":null,"files":[]}"# + "\n")
  }

  @Test(arguments: [
    ExportPreferences.Config(folder: "out", formats: []), .init(folder: "out", margin: "m", marginScale: 0),
    .init(folder: "out", marginScale: 1),
  ])
  func badKeysAreRefused(config: ExportPreferences.Config) {
    #expect(throws: StageError.self) { try ExportPreferences(config, in: Bench.nowhere) }
  }

  @Test(arguments: ["good\n", " good", "go od", "good\u{200B}", "\u{3000}good\u{A0}", "good\r\n\t"])
  func aPairThatWhiteSpaceAloneTellsApartIsNone(rejected: String) async throws {
    let out = try await export(
      .init(folder: "out", formats: [.trl]),
      [row, ["question": "Q?", "chosen": "good", "rejected": .string(rejected)]])
    #expect(out.dropped == ["equal pair"])
  }

  @Test func aTextThatShowsNothingIsNone() async throws {
    let out = try await export(
      .init(folder: "out", formats: [.trl]),
      [row, ["question": "Q?", "chosen": "\u{200B}\u{FEFF}", "rejected": "bad"]])
    #expect(out.dropped == ["no text in chosen"])
  }

  @Test func turnsAndAnswersAreRenderedOfColumns() async throws {
    let config = ExportPreferences.Config(
      folder: "out", formats: [.trl], user: "Q: {{q}}", chosen: "{{a}}", rejected: "{{b}}", split: "part")
    let out = try await export(
      config,
      [
        ["q": "x", "a": "good", "b": "bad", "part": "train"],
        ["q": "y", "a": 1, "b": 2, "part": "validation"], ["q": "", "a": "1", "b": "2", "part": "train"],
        ["q": "x", "a": "", "b": "2", "part": "train"], ["q": "x", "a": "1", "part": "train"],
      ])
    #expect(
      try out.lines("trl-train.jsonl") == [
        ["prompt": [Exported.user("Q: x")], "chosen": [good], "rejected": [bad]]
      ])
    #expect(
      try out.lines("trl-validation.jsonl") == [
        [
          "prompt": [Exported.user("Q: y")], "chosen": [Exported.assistant("1")],
          "rejected": [Exported.assistant("2")],
        ]
      ])
    #expect(out.dropped == ["empty q", "empty a", "no b"])
  }
}

@Suite struct ConversationPairTests {
  private let tools = #"[{"type":"function","function":{"name":"search","description":"Looks up."}}]"#
  private let opening = [Exported.system("S."), Exported.user("Q?")]

  private func call(_ id: String, _ words: String) -> JSON {
    [
      "role": "assistant", "content": "",
      "tool_calls": [
        [
          "id": .string(id), "type": "function",
          "function": ["name": "search", "arguments": .string(#"{"query":"\#(words)"}"#)],
        ]
      ],
    ]
  }

  private func written(_ id: String, _ words: String) -> JSON {
    [
      "role": "assistant", "content": "",
      "tool_calls": [
        [
          "id": .string(id), "type": "function",
          "function": ["name": "search", "arguments": ["query": .string(words)]],
        ]
      ],
    ]
  }

  private func result(_ id: String, _ text: String, named: Bool = false) -> JSON {
    var turn: JSON.Object = ["role": "tool", "tool_call_id": .string(id), "content": .string(text)]
    if named {
      turn = ["role": "tool", "tool_call_id": .string(id), "name": "search", "content": .string(text)]
    }
    return .object(turn)
  }

  private func row(_ chosen: [JSON], _ rejected: [JSON]) -> JSON {
    [
      "chosen": .array(opening + chosen), "rejected": .array(opening + rejected), "tools": .string(tools),
      "margin": 2,
    ]
  }

  /// Differ after one result.
  private var late: JSON {
    row(
      [call("a", "x"), result("a", "one"), Exported.assistant("good")],
      [call("b", "x"), result("b", "one"), Exported.assistant("bad")])
  }

  /// Differ in what they ask for.
  private var early: JSON {
    row(
      [call("a", "x"), result("a", "one"), Exported.assistant("good")],
      [call("b", "y"), result("b", "two"), Exported.assistant("bad")])
  }

  private func export(
    _ rows: [JSON], formats: [ExportPreferences.Format]? = [.trl, .msSwift],
    compare: ComparedTurns? = nil
  ) async throws -> Exported {
    try await Exported.of(rows) {
      try ExportPreferences(
        .init(folder: "out", formats: formats, margin: "margin", compare: compare), in: $0)
    }
  }

  @Test func whatBothWereAnsweredIsThePrompt() async throws {
    let out = try await export([late])
    let shared = opening + [written("a", "x"), result("a", "one", named: true)]
    #expect(
      try out.lines("trl-train.jsonl") == [
        [
          "prompt": .array(shared), "chosen": [Exported.assistant("good")],
          "rejected": [Exported.assistant("bad")], "tools": .string(tools), "margin": 2.0,
        ]
      ])
    #expect(
      try out.lines("ms-swift-train.jsonl") == [
        [
          "messages": .array(shared + [Exported.assistant("good")]),
          "rejected_response": .array(Array(shared[2...]) + [Exported.assistant("bad")]),
          "tools": .string(tools), "margin": 2.0,
        ]
      ])
  }

  @Test func aResultIsNotCompared() async throws {
    let both = try await export([early, late])
    #expect(both.dropped == ["result in a pair"])
    let swift = try await export([early], formats: [.msSwift])
    #expect(
      try swift.lines("ms-swift-train.jsonl").first?["rejected_response"]
        == [written("b", "y"), result("b", "two", named: true), Exported.assistant("bad")])
    let turn = try await export([early], compare: .turn)
    #expect(
      try turn.lines("trl-train.jsonl") == [
        [
          "prompt": .array(opening), "chosen": [written("a", "x")], "rejected": [written("b", "y")],
          "tools": .string(tools), "margin": 2.0,
        ]
      ])
    #expect(
      try turn.lines("ms-swift-train.jsonl").first?["rejected_response"] == [written("b", "y")])
  }

  @Test func aRowWithACallComesFirst() async throws {
    let plain = row([Exported.assistant("good")], [Exported.assistant("bad")])
    let out = try await export([plain, late])
    #expect(try out.lines("trl-train.jsonl").map { $0["prompt"]?.array?.count } == [4, 2])
  }

  @Test func whatIsNoPairHasItsReason() async throws {
    let again = row(
      [call("a", "x"), result("a", "one"), Exported.assistant("good")],
      [call("b", "x"), result("b", "one"), Exported.assistant("good")])
    let asked = row(
      [Exported.assistant("good"), Exported.user("R?"), Exported.assistant("more")],
      [Exported.assistant("bad")])
    let text: JSON = ["question": "Q?", "chosen": "good", "rejected": "bad", "margin": 1]
    let open = row([call("a", "x"), result("a", "one")], [Exported.assistant("bad")])
    let other: JSON = [
      "chosen": [Exported.user("Q?"), Exported.assistant("a")],
      "rejected": [Exported.user("R?"), Exported.assistant("b")], "margin": 1,
    ]
    let out = try await export([late, again, asked, text, open, other])
    #expect(
      out.dropped == [
        "equal pair", "turn of the user in a pair", "other kind of pair", "no answer at the end",
        "other questions",
      ])
    #expect(try await export([late], formats: nil).dropped == ["pair of conversations"])
  }
}
