import Foundation
import OrderedCollections
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortRun

/// `prompt_from:`: what a stage upstream asked is shown again, and nothing else.
struct PromptFromTests {
  private static let models = """
    models:
      teacher: { endpoint: "http://127.0.0.1:9/v1", name: teacher }
      judge: { endpoint: "http://127.0.0.1:9/v1", name: judge, kind: judge }
    stages:
      rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [question, answer] } }
      tasks: { uses: read-jsonl, with: { file: tasks.jsonl, columns: [instruction] } }

    """

  private static let rationale = """
      rationale:
        uses: synthesize-rationale
        from: rows
        using: { task: tasks }
        with: { model: teacher }

    """

  private let folder: URL

  init() throws {
    folder = try Bench.folder()
    try write(
      "rows.jsonl",
      #"{"question": "Which of the two?", "answer": "b", "demonstrations": [{"question": "q1", "cot": "c1"}]}"#
    )
    try write("tasks.jsonl", #"{"instruction": "Do it."}"#)
  }

  private func write(_ name: String, _ text: String) throws {
    try (text + "\n").write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
  }

  private func read(_ stages: String) throws -> Pipeline {
    try write("p.yaml", Self.models + stages)
    return try Pipeline.read(folder.appending(path: "p.yaml"), catalog: .standard, environment: [:])
  }

  private func mistakes(_ stages: String) -> [String] {
    do {
      _ = try read(stages)
      return []
    } catch let errors as PipelineErrors { return errors.diagnostics.map(\.message) } catch {
      return ["\(error)"]
    }
  }

  /// What the models were asked, in order.
  private final class Heard: Sendable {
    let chats = Mutex<[[ChatMessage]]>([])
    let scored = Mutex<[[ChatMessage]]>([])

    var models: ScriptedProvider {
      ScriptedProvider(
        chat: { request in
          self.chats.withLock { $0.append(request.messages) }
          return ChatReply(text: "so it is", finishReason: "stop")
        },
        reward: { conversation in
          self.scored.withLock { $0.append(conversation) }
          return RewardScore(logit: 1, probability: 0.7, scale: "raw")
        })
    }
  }

  private func run(_ stages: String, _ heard: Heard = Heard()) async throws -> RunSummary {
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    return try await Engine(try read(stages), store: store, models: heard.models, now: { 0 }).run()
  }

  private func lines(_ path: String) throws -> [JSON] {
    try String(contentsOf: folder.appending(path: path), encoding: .utf8).split(separator: "\n").map {
      try JSON(parsing: String($0))
    }
  }

  // MARK: What is shown

  @Test func anExportShowsWhatWasAskedWithoutTheKnownAnswer() async throws {
    let heard = Heard()
    _ = try await run(
      """
        rationale:
          uses: synthesize-rationale
          from: rows
          using: { task: tasks }
          as: { cot: completion }
          with: { model: teacher }
        out:
          uses: export-kto
          from: rationale
          with: { folder: out, formats: [trl], label: saw_answer, prompt_from: rationale }
      """, heard)
    let asked = heard.chats.withLock { $0[0] }
    #expect(asked.last == .user("Which of the two?\n\nAnswer: b"))
    #expect(asked[0].content.contains("The right answer is given"))
    let shown = try lines("out/trl-train.jsonl")[0]["prompt"]?.array ?? []
    #expect(shown.last == ["role": "user", "content": "Which of the two?"])
    #expect(shown.first?["content"]?.string?.contains("Do it.") == true)
    #expect(shown.first?["content"]?.string?.contains("The right answer is given") == false)
  }

  @Test func rolloutsAreExportedUnderTheirOwnPrompt() async throws {
    try write("ask.mustache", "Q: {{question}}{{#meta}} ({{meta}}){{/meta}}")
    let heard = Heard()
    _ = try await run(
      """
        rollouts:
          uses: sample-rollouts
          from: rows
          as: { answer: given }
          with: { model: teacher, samples: 2, system: "Think.", prompt: ask.mustache }
        groups:
          uses: export-rl-groups
          from: rollouts
          with: { folder: out, reward: length, prompt_from: rollouts }
      """, heard)
    let asked: [ChatMessage] = [.system("Think."), .user("Q: Which of the two?")]
    #expect(heard.chats.withLock { $0 } == [asked, asked])
    #expect(
      try lines("out/groups-train.jsonl").map { $0["prompt"] } == [
        [["role": "system", "content": "Think."], ["role": "user", "content": "Q: Which of the two?"]]
      ])
  }

  @Test(arguments: ["system", "turns"])
  func aRewardIsAskedAboutThePromptThatWasAnswered(layout: String) async throws {
    let heard = Heard()
    _ = try await run(
      """
        rationale:
          uses: synthesize-rationale
          from: rows
          using: { task: tasks }
          with: { model: teacher, show_answer: false, demonstrations: \(layout) }
        judged: { uses: score-reward, from: rationale, with: { model: judge, prompt_from: rationale } }
      """, heard)
    let asked = heard.chats.withLock { $0[0] }
    let scored = heard.scored.withLock { $0 }
    #expect(asked[0].content.contains("Do it.") && asked[0].content.contains("Write at most "))
    #expect(scored.count == 2)
    #expect(scored.contains(asked + [.assistant("so it is")]))
    let bare = scored.first { $0 != asked + [.assistant("so it is")] } ?? []
    #expect(bare.count == 3 && !bare[0].content.contains("c1"))
    #expect(bare.suffix(2) == [.user("Which of the two?"), .assistant("so it is")])
  }

  @Test func theKnownAnswerIsInNeitherPrompt() async throws {
    let heard = Heard()
    _ = try await run(
      Self.rationale
        + "  judged: { uses: score-reward, from: rationale, with: { model: judge, prompt_from: rationale } }\n",
      heard)
    #expect(heard.chats.withLock { $0[0].last?.content } == "Which of the two?\n\nAnswer: b")
    for conversation in heard.scored.withLock({ $0 }) {
      #expect(conversation.dropLast().last == .user("Which of the two?"))
      #expect(conversation[0].content.contains(#"End with the line "The answer is""#))
    }
  }

  // MARK: Keys

  @Test func anEditedPromptScoresAnew() throws {
    func identity(_ with: String, _ key: String = ", prompt_from: rationale") throws -> JSON? {
      let pipeline = try read(
        """
          rationale: { uses: synthesize-rationale, from: rows, with: { model: teacher\(with) } }
          judged: { uses: score-reward, from: rationale, with: { model: judge\(key) } }
        """)
      return pipeline["judged"]?.identity
    }
    #expect(try identity("") == identity(", temperature: 0.5, samples: 3, show_answer: false"))
    #expect(try identity("") != identity(", budget_factor: 2"))
    #expect(try identity("") != identity(", demonstrations: turns"))
    #expect(
      try identity("")?["with"]?["prompt_from"] == [
        "kind": "synthesize-rationale", "version": .int(Int64(SynthesizeRationale.version)), "with": [:],
      ])
    #expect(try identity("", "")?["with"]?.object?.keys.contains("prompt_from") == false)
  }

  @Test func theInstructionOfTheSourceIsAPartOfTheKey() throws {
    let pipeline = try read(
      Self.rationale
        + "  judged: { uses: score-reward, from: rationale, with: { model: judge, prompt_from: rationale } }\n"
    )
    #expect(pipeline["judged"]?.using == ["prompt_from.task": "tasks"])
  }

  // MARK: Mistakes

  @Test(arguments: [
    ("prompt_from: nowhere", "expected a stage of this file, found 'nowhere'"),
    (
      "prompt_from: rows",
      "expected a stage that asks a model with a prompt of its own (asked, other), found 'rows', which uses 'read-jsonl'"
    ),
    (
      "prompt_from: out",
      "expected a stage that asks a model with a prompt of its own (asked, other), found 'out', which uses 'export-kto'"
    ),
    (
      "prompt_from: other",
      "expected a stage with a prompt that all rows of 'out' descend from (asked), found 'other'"
    ),
    (
      "prompt_from: asked, system: Hm",
      "prompt_from: expected it without 'system', since it makes the whole prompt, found both"
    ),
    ("prompt_from: [asked]", "expected a string, found a list"),
    ("prompt_from: asked", ""),
  ])
  func aStageThatCannotBeShownIsAMistake(key: String, message: String) {
    #expect(
      mistakes(
        """
          asked: { uses: generate, from: rows, with: { model: teacher, template: "{{question}}", column: completion } }
          other: { uses: generate, from: rows, with: { model: teacher, template: "{{question}}", column: completion } }
          out: { uses: export-kto, from: asked, with: { folder: out, label: answer, \(key) } }
        """) == (message.isEmpty ? [] : [message]))
  }

  @Test func aPromptThatNamesTheKnownAnswerIsNotShown() {
    let asked = { (template: String) in
      self.mistakes(
        """
          asked: { uses: generate, from: rows, with: { model: teacher, template: "\(template)", column: completion } }
          out: { uses: export-kto, from: asked, with: { folder: out, label: answer, prompt_from: asked } }
        """)
    }
    #expect(asked("{{question}} {{answer}}").first?.contains("found {{answer}} in that of 'asked'") == true)
    #expect(asked("{{question}}{{#answer}} {{.}}{{/answer}}").isEmpty)
  }

  @Test func whatThePromptIsMadeOfMustStayAsItWas() {
    #expect(
      mistakes(
        """
          asked: { uses: generate, from: rows, with: { model: teacher, template: "{{question}}", column: completion } }
          plainer: { uses: generate, from: asked, replace: true, with: { model: teacher, template: "{{question}}", column: question } }
          out: { uses: export-kto, from: plainer, with: { folder: out, label: answer, prompt_from: asked } }
        """) == [
          "expected the columns that the prompt of 'asked' is made of as they were when it asked, found 'question', which "
            + "'plainer' replaces; let that write another column, by 'as:'"
        ])
  }

  @Test func aUnionOnOnePathOfWhichNobodyAskedIsAMistake() {
    #expect(
      mistakes(
        """
          asked: { uses: generate, from: rows, with: { model: teacher, template: "{{question}}", column: completion } }
          both: { uses: deduplicate, from: [asked, rows], with: { column: question } }
          out: { uses: export-kto, from: both, with: { folder: out, label: answer, prompt_from: asked } }
        """
      ).contains(
        "expected a stage with a prompt that all rows of 'out' descend from (there is none), found 'asked'"))
  }

  // MARK: Warnings

  @Test func aPromptThatIsLostIsWarnedOf() throws {
    let warnings = { (asked: String, own: String) in
      try self.read(
        """
          asked: { uses: sample-rollouts, from: rows, as: { answer: given }, with: { model: teacher\(asked) } }
          out: { uses: export-kto, from: asked, with: { folder: out, label: answer\(own) } }
        """
      ).warnings.map(\.message)
    }
    #expect(
      try warnings(", system: Think.", "") == [
        "'out' shows the prompt without the system text that 'asked' asked with; say 'prompt_from: asked' under 'with:'"
      ])
    #expect(try warnings(", system: Think.", ", system: Think.").isEmpty)
    #expect(try warnings(", system: Think.", ", prompt_from: asked").isEmpty)
    #expect(try warnings("", "").isEmpty)
  }

  @Test func aConversationShowsItsOwnPrompt() throws {
    #expect(
      try read(
        """
          pages: { uses: read-jsonl, as: { instruction: text }, with: { file: tasks.jsonl, columns: [instruction] } }
          asked: { uses: sample-rollouts, from: rows, with: { model: teacher, system: Think., tools: [find] } }
          out: { uses: export-kto, from: asked, with: { folder: out, label: answer } }
        tools: { find: { uses: search, corpus: pages } }
        """
      ).warnings.isEmpty)
  }
}
