import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct WriteQuestionTests {
  private typealias Fixture = SearchTaskFixture

  private func written(
    _ row: JSON, _ config: WriteQuestion.Config = .init(), in workspace: Workspace = Bench.nowhere
  ) async throws -> Outcome<Columns> {
    try await WriteQuestion(config, in: workspace).process(Columns(row.object ?? [:]))
  }

  @Test func templatesSayEachFactAndNoHiddenName() async throws {
    #expect(
      try await written(Fixture.row) == .emit([Columns(["question": .string(Fixture.question)])]))
  }

  @Test func everyFormOfAFactHasItsSentence() async throws {
    let row: JSON = [
      "answer": "Elm Prize", "named": ["Oslo", "Bo Tarn", "Ash Hall"], "hidden": ["Ada Low", "Elm Museum"],
      "facts": [
        ["subject": "Elm Museum", "relation": "located_in", "object": "Oslo"],
        ["subject": "Oslo", "relation": "population", "object": 12_340],
        ["subject": "Oslo", "relation": "region", "object": "Viken"],
        ["subject": "Elm Prize", "relation": "organised_by", "object": "Elm Museum"],
        [
          "subject": "Elm Prize", "relation": "event_year", "object": 1901,
          "relative_to": ["subject": "Bo Tarn", "relation": "birth_year", "difference": 1],
        ],
        [
          "subject": "Elm Museum", "relation": "founded_in", "object": 1850,
          "relative_to": ["subject": "Ash Hall", "relation": "founded_in", "difference": -20],
        ],
        ["subject": "Bo Tarn", "relation": "birth_year", "object": 1900, "said": false],
        ["subject": "Elm Prize", "relation": "won_by", "object": "Ada Low"],
        ["subject": "Ada Low", "relation": "shoe_size", "object": -1],
        [
          "subject": "Ada Low", "relation": "height", "object": 170,
          "relative_to": ["subject": "Bo Tarn", "relation": "height", "difference": -5],
        ],
        ["subject": "Ada Low", "relation": "hat_size", "object": 57],
      ],
    ]
    #expect(
      try await written(row)
        == .emit([
          Columns([
            "question": """
            Which event is meant? This event was organised by institution A. Institution A stands in Oslo. Oslo has between \
            10000 and 19999 inhabitants. Oslo lies in the region of Viken. This event took place 1 year after Bo Tarn was \
            born. Institution A was founded 20 years before Ash Hall was founded. This event was won by person B. Person B \
            shoe size -1. The height of person B is 5 less than the height of Bo Tarn. Person B hat size a number from 50 to 59.
            """
          ])
        ]))
  }

  @Test func relationsOfOnesOwnHaveOnesOwnWords() async throws {
    let row: JSON = [
      "answer": "Rome", "named": ["Italy"],
      "facts": [["subject": "Rome", "relation": "capital_of", "object": "Italy", "documents": ["a"]]],
    ]
    #expect(
      try await written(row)
        == .emit([Columns(["question": "Which entity is meant? This entity capital of Italy."])]))
    let config = WriteQuestion.Config(
      phrases: ["capital_of": "{subject} is the capital of {object}."],
      nouns: ["capital_of": ["city", "country"]])
    #expect(
      try await written(row, config)
        == .emit([Columns(["question": "Which city is meant? This city is the capital of Italy."])]))
  }

  /// A named entity whose name has the answer's in it gives it away.
  @Test func whatCannotBeHiddenIsNoQuestion() async throws {
    let row: JSON = [
      "answer": "Oslo", "named": ["Oslo Museum"],
      "facts": [["subject": "Oslo Museum", "relation": "located_in", "object": "Oslo", "documents": ["a"]]],
    ]
    #expect(
      try await written(row)
        == .drop(
          reason: "question says a hidden name",
          detail: "'Oslo' stands in: Which place is meant? Oslo Museum stands in this place."))
    #expect(
      try await written(["answer": "x", "facts": "none"])
        == .drop(reason: "no facts", detail: "expected a list of 1 to 64 facts in 'facts', found a string"))
    #expect(
      try await written(["answer": 3, "facts": []])
        == .drop(reason: "no answer", detail: "expected an entity's name in 'answer', found 3.0"))
  }

  // MARK: By a model

  private static let good = "Who was born in Oslo and worked at a house founded around 1823?"

  /// A model that writes one text after another, and what it was asked last.
  private func written(by replies: [String]) async throws -> (Outcome<Columns>, [ChatMessage]) {
    let heard = Heard()
    let model: @Sendable (ChatRequest) async throws -> ChatReply = { request in
      await heard.add(request.messages)
      return ChatReply(text: replies[request.draw])
    }
    let workspace = Fixture.workspace(
      ["aliases": [["name": "Elm Museum", "alias": "the old brewery"]]], models: ScriptedProvider(chat: model)
    )
    let config = WriteQuestion.Config(
      model: ModelRef(ModelSpec(alias: "m", name: "m")), template: "Reword: {{draft}}",
      repair: replies.count - 1)
    return (try await written(Fixture.row, config, in: workspace), await heard.messages)
  }

  private actor Heard {
    var messages: [ChatMessage] = []
    func add(_ messages: [ChatMessage]) { self.messages = messages }
  }

  @Test func whatAModelWritesIsCheckedAndRepairedOnce() async throws {
    let kept = Outcome.emit([
      Columns(["question": .string(Self.good), "draft": .string(Fixture.question)])
    ])
    #expect(try await written(by: ["<think>hm</think> \(Self.good)"]).0 == kept)
    let (outcome, asked) = try await written(by: ["Was it Ada Low of Oslo?", Self.good])
    #expect(outcome == kept)
    #expect(
      asked == [
        .user("Reword: \(Fixture.question)"), .assistant("Was it Ada Low of Oslo?"),
        .user(
          "That question cannot be used: it says 'Ada Low', which is to be found. Write the whole question again, and nothing else."
        ),
      ])
  }

  @Test(
    arguments: [
      ("Who of Elm was born in Oslo?", "question says a hidden name", "it says 'Elm', which is to be found"),
      (
        "Who works at the Old Brewery in Oslo?", "question says a hidden name",
        "it says 'the old brewery', which is to be found"
      ),
      ("Who was born there?", "question lacks a named entity", "it does not name 'Oslo'"),
      (
        "Who of Oslo, born in 1790?", "question says another number",
        "it says 1790, which the task does not say"
      ),
      (" ", "question empty", "it says nothing"),
    ])
  func whatStaysWrongIsDropped(text: String, reason: String, detail: String) async throws {
    #expect(try await written(by: [text, text]).0 == .drop(reason: reason, detail: detail))
  }

  @Test(
    arguments: [
      (.init(template: "x"), "template: expected 'model' with it, found none: templates word the question"),
      (
        .init(phrases: ["a": "{subject} is"]),
        "phrases: expected a sentence with {subject} and {object}, found '{subject} is'"
      ),
      (
        .init(nouns: ["a": []]),
        "nouns: expected one or two words, of the subject and of the object, found 0"
      ),
      (
        .init(model: ModelRef(ModelSpec(alias: "m", name: "m"))),
        "expected 'prompt' or 'template' with 'model', found neither"
      ),
    ] as [(WriteQuestion.Config, String)])
  func keysAreChecked(config: WriteQuestion.Config, says: String) {
    let error = #expect(throws: StageError.self) { try WriteQuestion(config, in: Bench.nowhere) }
    #expect(error?.description == says)
  }
}
