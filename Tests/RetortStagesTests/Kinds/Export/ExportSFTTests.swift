import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportSFTTests {
  private let row: JSON = ["question": "Q?", "completion": "A."]
  private let user = Exported.user("Q?")
  private let answer = Exported.assistant("A.")

  private func export(
    _ config: ExportSFT.Config, _ rows: [JSON], validation: [JSON]? = nil
  ) async throws -> Exported {
    try await Exported.of(rows, validation: validation) { try ExportSFT(config, in: $0) }
  }

  private func messages(_ config: ExportSFT.Config, _ rows: [JSON]) async throws -> [JSON] {
    try await export(config, rows).lines("messages-train.jsonl").compactMap { $0["messages"] }
  }

  // MARK: Files

  @Test func everyTrainerHasItsFileAndItsRecipe() async throws {
    let out = try await export(.init(folder: "out"), [row], validation: [row])
    #expect(try out.lines("messages-train.jsonl") == [["messages": [user, answer]]])
    #expect(try out.lines("completions-train.jsonl") == [["prompt": [user], "completion": [answer]]])
    #expect(try out.lines("messages-validation.jsonl") == [["messages": [user, answer]]])
    #expect(
      try out.files == [
        "README.md", "completions-train.jsonl", "completions-validation.jsonl", "dataset_info.json",
        "manifest.json", "messages-train.jsonl", "messages-validation.jsonl",
        "train-axolotl.yaml", "train-llamafactory.yaml", "train-ms-swift.sh", "train-openrlhf.sh",
        "train-verl.sh", "train_trl.py",
      ])
    #expect(out.answers.count == 13)
  }

  @Test(arguments: [
    (ExportSFT.Format.trl, ["README.md", "completions-train.jsonl", "manifest.json", "train_trl.py"]),
    (.openAI, ["README.md", "manifest.json", "messages-train.jsonl"]),
    (.msSwift, ["README.md", "manifest.json", "messages-train.jsonl", "train-ms-swift.sh"]),
    (
      .llamaFactory,
      ["README.md", "dataset_info.json", "manifest.json", "messages-train.jsonl", "train-llamafactory.yaml"]
    ),
    (.axolotl, ["README.md", "manifest.json", "messages-train.jsonl", "train-axolotl.yaml"]),
    (.openRLHF, ["README.md", "completions-train.jsonl", "manifest.json", "train-openrlhf.sh"]),
    (.verl, ["README.md", "manifest.json", "messages-train.jsonl", "train-verl.sh"]),
  ])
  func aFormatWritesItsOwnFilesAlone(format: ExportSFT.Format, files: [String]) async throws {
    #expect(try await export(.init(folder: "out", formats: [format]), [row]).files == files)
  }

  @Test func allThatItMayWriteIsDeclared() async throws {
    let folder = try Bench.folder()
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(), sets: ["validation": Bench.rows([row])])
    let stage = try ExportSFT(.init(folder: "out"), in: workspace)
    _ = try await Bench.answers(of: stage, to: [row])
    let out = folder.appending(path: "out", directoryHint: .isDirectory)
    let files = try Exported(folder: out, answers: []).files
    #expect(stage.writes.map { $0.url.lastPathComponent }.sorted() == files)
  }

  @Test func theCardListsSplitsShapesAndRows() async throws {
    let out = try await export(.init(folder: "out", formats: [.openAI]), [row, row], validation: [row])
    #expect(
      try out.text("README.md") == """
        ---
        task_categories: [text-generation]
        size_categories: ["n<1K"]
        configs:
        - config_name: messages
          default: true
          data_files:
          - {split: train, path: messages-train.jsonl}
          - {split: validation, path: messages-validation.jsonl}
        ---

        # Supervised examples

        Conversations that end with the answer to be learnt; recipes to train from are in `train*`.

        | split | rows |
        | --- | --- |
        | train | 2 |
        | validation | 1 |

        Every file has all rows, each in the shape of one trainer:

        - `messages-*.jsonl`: ms-swift, LLaMA-Factory (by `dataset_info.json`), Axolotl, OpenAI and its like; verl as Parquet, which its recipe makes.

        `manifest.json` lists every file with its rows and SHA-256.

        """)
  }

  @Test func noRowsLeaveOnlyAManifest() async throws {
    let out = try await export(.init(folder: "out"), [], validation: [row])
    #expect(try out.files == ["manifest.json"])
  }

  @Test func theSameRowTwiceIsWrittenTwice() async throws {
    #expect(try await messages(.init(folder: "out"), [row, row]).count == 2)
  }

  @Test func recipesNameTheModelAndTheLength() async throws {
    let out = try await export(
      .init(folder: "out", baseModel: "Qwen/Qwen3-0.6B", maxLength: 900), [row], validation: [row])
    for file in try out.files where file.hasPrefix("train") {
      let text = try out.text(file)
      #expect(text.contains("Qwen/Qwen3-0.6B") && text.contains("900") && !text.contains("3096"), "\(file)")
    }
    let recipe = try out.text("train-llamafactory.yaml")
    #expect(!recipe.contains("template:"), "LLaMA-Factory asks the model's tokenizer")
    #expect(
      recipe.contains("dataset: messages_train\n") && recipe.contains("eval_dataset: messages_validation\n"))
    #expect(
      try await export(.init(folder: "out"), [row]).text("train-llamafactory.yaml").contains(
        "template: llama3"))
  }

  // MARK: Prompts and answers

  @Test func turnsAreRenderedOfColumns() async throws {
    let config = ExportSFT.Config(
      folder: "out", formats: [.openAI], system: "In {{lang}}.", user: "{{q}}{{#more}}\n{{more}}{{/more}}\n",
      assistant: "{{label}}\n")
    #expect(
      try await messages(
        config,
        [
          ["q": "Q?", "lang": "French", "label": 4],
          ["q": "R?", "more": "M", "lang": "Welsh", "label": true],
        ])
        == [
          [Exported.system("In French."), user, Exported.assistant("4")],
          [Exported.system("In Welsh."), Exported.user("R?\nM"), Exported.assistant("true")],
        ])
  }

  @Test func aReplyIsTheAnswerWhereThereIsNoCompletion() async throws {
    #expect(
      try await messages(
        .init(folder: "out"),
        [["question": "Q?", "reply": "A."], ["question": "Q?", "reply": "B.", "completion": "A."]])
        == [[user, answer], [user, answer]])
  }

  @Test func aPromptMayBeAConversation() async throws {
    let prompt: JSON = [Exported.system("S."), user, Exported.assistant("shown"), Exported.user("R?")]
    let out = try await export(.init(folder: "out"), [["prompt": prompt, "completion": "A."]])
    #expect(try out.lines("completions-train.jsonl") == [["prompt": prompt, "completion": [answer]]])
    #expect(try out.text("train-llamafactory.yaml").contains("mask_history: true\n"))
    #expect(try out.text("train-ms-swift.sh").contains("--loss_scale last_round "))
  }

  @Test func rowsThatNobodyShouldLearnAreDroppedWithAReason() async throws {
    let rows: [JSON] = [
      row, ["question": " ", "completion": "A."], ["completion": "A."], ["question": "Q?", "completion": ""],
      ["question": "Q?", "completion": 4], ["question": "Q?"], ["question": "Q\u{0}?", "completion": "A."],
      ["question": "Q?", "completion": "A.<|im_end|>"], ["prompt": [user, answer], "completion": "A."],
    ]
    let out = try await export(.init(folder: "out"), rows)
    #expect(
      out.dropped == [
        "no prompt", "no prompt", "no text in completion", "no text in completion", "no text in completion",
        "NUL in a turn", "special token", "bad prompt",
      ])
    #expect(out.made.allSatisfy { $0.members == [0] })
  }

  @Test func aTemplateWithAHoleIsNoTurn() async throws {
    let config = ExportSFT.Config(
      folder: "out", system: "In {{lang}}.", user: "Q: {{q}}", assistant: "{{#a}}{{a}}{{/a}}")
    let out = try await export(
      config,
      [
        ["q": "Q?", "a": "A.", "lang": ""], ["q": "\u{200B}", "a": "A.", "lang": "Welsh"],
        ["q": nil, "a": "A.", "lang": "Welsh"], ["q": "Q?", "a": "", "lang": "Welsh"],
      ])
    #expect(out.dropped == ["empty lang", "empty q", "no q", "empty turn"])
  }

  @Test func specialTokensMayBeKept() async throws {
    let row: JSON = ["question": "Q?", "completion": "<|im_end|>"]
    #expect(
      try await messages(.init(folder: "out", specialTokens: .keep), [row]) == [
        [user, Exported.assistant("<|im_end|>")]
      ])
  }

  @Test func aBadValidationRowIsAnError() async throws {
    let error = await #expect(throws: StageError.self) {
      try await export(.init(folder: "out"), [row], validation: [["question": "Q?"]])
    }
    #expect(error?.description.hasPrefix("using.validation: row r_") == true)
  }

  @Test func aColumnMaySayWhatIsForValidation() async throws {
    let rows: [JSON] = [
      ["question": "Q?", "completion": "A.", "split": "train"],
      ["question": "R?", "completion": "B.", "split": "validation"],
      ["question": " ", "completion": "B.", "split": "validation"],
      ["question": "S?", "completion": "C.", "split": "test"], ["question": "S?", "completion": "C."],
    ]
    let out = try await export(.init(folder: "out", formats: [.openAI], split: "split"), rows)
    #expect(try out.lines("messages-train.jsonl") == [["messages": [user, answer]]])
    #expect(
      try out.lines("messages-validation.jsonl") == [
        ["messages": [Exported.user("R?"), Exported.assistant("B.")]]
      ])
    #expect(out.dropped == ["no prompt", "other split", "other split"])
    await #expect(throws: StageError.self) {
      try await export(.init(folder: "out", split: "split"), [rows[1]])
    }
    await #expect(throws: StageError.self) {
      try await export(.init(folder: "out", split: "split"), [rows[0]], validation: [rows[1]])
    }
  }

  // MARK: Conversations

  private let two: JSON = [
    Exported.system("S."), Exported.user("Q?"), Exported.assistant("A."), Exported.user("R?"),
    Exported.assistant("B."),
  ]

  @Test func everyAnswerOfAConversationIsLearnt() async throws {
    let out = try await export(.init(folder: "out", messages: "turns"), [["turns": two]])
    #expect(try out.lines("messages-train.jsonl") == [["messages": two]])
    let turns = try #require(two.array)
    #expect(
      try out.lines("completions-train.jsonl") == [
        ["prompt": .array(Array(turns[..<2])), "completion": [turns[2]]],
        ["prompt": .array(Array(turns[..<4])), "completion": [turns[4]]],
      ])
    #expect(!(try out.text("train-llamafactory.yaml").contains("mask_history")))
  }

  @Test func otherSpellingsOfAConversationAreRead() async throws {
    let list =
      #"[{"from": "system", "value": ""}, {"from": "human", "value": "Q?"}, {"from": "gpt", "value": "A."}]"#
    let config = ExportSFT.Config(folder: "out", messages: "turns", system: "In {{lang}}.")
    #expect(
      try await messages(config, [["turns": .string(list), "lang": "Welsh"]]) == [
        [Exported.system("In Welsh."), user, answer]
      ])
  }

  @Test(
    arguments: [
      (nil, "no messages"), ([], "no messages"), ("no list", "no messages"), (["a"], "bad message"),
      ([["role": "user", "content": "Q?"]], "no answer at the end"),
      ([["role": "user", "content": "Q?"], ["role": "user", "content": "Q?"]], "turns out of order"),
      ([["role": "assistant", "content": "A."]], "turns out of order"),
      ([["role": "user", "content": "Q?"], ["role": "system", "content": "S."]], "turns out of order"),
      ([["role": "user", "content": " "], ["role": "assistant", "content": "A."]], "empty turn"),
      (
        [["role": "user", "content": ["type": "text"]], ["role": "assistant", "content": "A."]], "bad message"
      ),
      ([["role": "developer", "content": "S."]], "bad message"),
      ([["role": "tool", "content": "x"]], "tool turns"),
      (
        [
          ["role": "user", "content": "Q?"],
          ["role": "assistant", "content": nil, "tool_calls": [["id": "a"]]],
        ],
        "tool turns"
      ),
      (
        [["role": "user", "content": "Q?"], ["role": "assistant", "content": "A.", "loss": false]],
        "turn not to be learnt"
      ),
      (
        [["role": "user", "content": "Q?"], ["role": "assistant", "content": "A.", "weight": 0]],
        "turn not to be learnt"
      ),
    ] as [(JSON, String)])
  func aConversationThatIsNoneIsDropped(turns: JSON, reason: String) async throws {
    #expect(try await export(.init(folder: "out", messages: "turns"), [["turns": turns]]).dropped == [reason])
  }

  @Test func noSecondSystemTurn() async throws {
    let out = try await export(.init(folder: "out", messages: "turns", system: "T."), [["turns": two]])
    #expect(out.dropped == ["two system turns"])
  }

  // MARK: Thoughts

  @Test(arguments: [
    (ThoughtForm.keep, "<think>t</think>A.", "", "<think>t</think>A."), (.keep, "A.", "r", "A."),
    (.think, "<think>t</think>A.", "r", "<think>\nt\n</think>\n\nA."),
    (.think, "A.", "r", "<think>\nr\n</think>\n\nA."), (.think, "A.", "", "<think>\n\n</think>\n\nA."),
    (.think, "◁think▷t◁/think▷A.", "", "<think>\nt\n</think>\n\nA."),
    (.remove, "<think>t</think>\n\nA.", "r", "A."),
    (.remove, "A.", "r", "A."),
  ])
  func thoughtsAreWrittenInOneForm(form: ThoughtForm, text: String, beside: String, written: String)
    async throws
  {
    let config = ExportSFT.Config(folder: "out", thoughts: form)
    let row: JSON = ["question": "Q?", "completion": .string(text), "reasoning": .string(beside)]
    #expect(try await messages(config, [row]) == [[user, Exported.assistant(written)]])
    let whole: JSON = [
      "turns": [user, ["role": "assistant", "content": .string(text), "reasoning_content": .string(beside)]]
    ]
    #expect(
      try await messages(.init(folder: "out", messages: "turns", thoughts: form), [whole]) == [
        [user, Exported.assistant(written)]
      ])
  }

  @Test(arguments: [
    (ThoughtForm.keep, "<think>t", "no answer after the thoughts"),
    (.keep, "<think>t</think> ", "no answer after the thoughts"),
    (.remove, "<think>t", "no answer after the thoughts"),
    (.remove, "A. <think>t", "thoughts without an end"), (.think, "A. <think>t", "thoughts without an end"),
  ])
  func thoughtsWithoutAnAnswerAreDropped(form: ThoughtForm, text: String, reason: String) async throws {
    let row: JSON = ["question": "Q?", "completion": .string(text)]
    #expect(try await export(.init(folder: "out", thoughts: form), [row]).dropped == [reason])
  }

  // MARK: Keys

  @Test(arguments: [
    (ExportSFT.Config(folder: "out", formats: []), "formats: "),
    (.init(folder: "out", messages: "turns", user: "{{q}}"), "messages: "),
    (.init(folder: "out", messages: "turns", assistant: "{{q}}"), "messages: "),
    (.init(folder: "out", user: "{{q"), "user: "), (.init(folder: "out", assistant: "{{#q}}"), "assistant: "),
    (.init(folder: "out", maxLength: 0), "max_length: "),
  ])
  func badKeysAreRefused(config: ExportSFT.Config, key: String) {
    let error = #expect(throws: StageError.self) { try ExportSFT(config, in: Bench.nowhere) }
    #expect(error?.description.hasPrefix(key) == true)
  }

  @Test func onlyOneOfUserAndItsFile() {
    var config = ExportSFT.Config(folder: "out", user: "{{q}}")
    config.prompt = PromptFile(path: "p", text: "{{q}}")
    #expect(throws: StageError.self) { try ExportSFT(config, in: Bench.nowhere) }
  }

  @Test(arguments: [
    (ExportSFT.Config(folder: "out"), ["question", "completion"], ["prompt", "reply"]),
    (.init(folder: "out", thoughts: .think), ["question", "completion"], ["prompt", "reply", "reasoning"]),
    (.init(folder: "out", messages: "m", system: "{{s}}"), ["m", "s"], [String]()),
    (
      .init(folder: "out", system: "{{s}}", user: "{{#t}}{{q}}{{/t}}", assistant: "{{a}}"), ["s", "a"], ["t"]
    ),
  ])
  func whatItReadsIsKnown(config: ExportSFT.Config, required: [String], others: [String]) throws {
    let stage = try ExportSFT(config, in: Bench.nowhere)
    #expect(stage.reads.filter(\.required).map(\.name).sorted() == required.sorted())
    #expect(stage.reads.filter { !$0.required }.map(\.name).sorted() == others.sorted())
  }
}
