internal import OrderedCollections
package import RetortCore

/// Makes reading and planning examples of tasks, for training before any rollout (REDSearcher, section 4: grounding among
/// distractors, plans of flattened graphs).
package struct FlattenGraph: SetStage {
  package static let name = "flatten-graph"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Make of each task a plan along its graph and, with a corpus, one reading example of each fact, as prompt and completion."
  package static let keys = [
    "distractors": "How many other documents stand beside the one that states a fact, 0 to 50; default 3.",
    "seed": "Draws other ones; 0 when left out.",
    "nouns": "As of write-question: relations to what their subject and their object are.",
    "phrases": "As of write-question: relations to sentences with {subject} and {object}.",
  ]
  package static let sets = [
    SetRole(
      "corpus", required: false, columns: ["id", "text"],
      help:
        "The documents that the facts name, and others to stand beside them; without it there are plans alone."
    )
  ]

  package struct Config: Codable, Sendable {
    package var distractors: Int?
    package var seed: Int64?
    package var nouns: [String: [String]]?
    package var phrases: [String: String]?

    package init(
      distractors: Int? = nil, seed: Int64? = nil, nouns: [String: [String]]? = nil,
      phrases: [String: String]? = nil
    ) {
      self.distractors = distractors
      self.seed = seed
      self.nouns = nouns
      self.phrases = phrases
    }
  }

  package enum Form: String, Codable, Hashable, Sendable, CaseIterable { case plan, grounding }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var form: Form
    package var prompt: String
    package var completion: String
  }

  package var reads: [ColumnUse] { ColumnUse.joined(SearchTask.reads, [ColumnUse("question")]) }
  private let distractors: Int
  private let seed: Int64
  private let wording: QuestionWording
  private let corpus: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    distractors = config.distractors ?? 3
    guard (0...50).contains(distractors) else {
      throw StageError("distractors: expected 0 to 50, found \(distractors)")
    }
    seed = config.seed ?? 0
    wording = QuestionWording(phrases: config.phrases ?? [:], nouns: config.nouns ?? [:])
    corpus = workspace.set("corpus", as: Columns.self)
  }

  /// A task with the places of documents that stand beside its own.
  private struct Drawn {
    let ordinal: Int
    let task: SearchTask
    let question: String
    let others: [Int]
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var random = SplitMix64(seed: UInt64(bitPattern: seed))
    var drawn: [Drawn] = []
    for try await element in rows {
      do throws(BadRow) {
        let task = try SearchTask(element.value)
        guard let question = element.value["question"]?.string, !question.isBlank else {
          throw BadRow(
            "no question", "expected a text in 'question', found \(element.value.found("question"))")
        }
        // A few more than are asked for: some may state the fact too.
        let count = corpus.map { $0.count == 0 ? 0 : distractors * 2 + 4 } ?? 0
        let others = (0..<count).map { _ in random.below(corpus?.count ?? 1) }
        drawn.append(Drawn(ordinal: element.ordinal, task: task, question: question, others: others))
      } catch {
        try await sink.drop(element.ordinal, reason: error.reason, detail: error.detail)
      }
    }
    let documents = try await documents(of: drawn)
    for one in drawn {
      var outputs = [
        Output(form: .plan, prompt: one.question, completion: TaskPlan(one.task, wording).text)
      ]
      for part in one.task.parts where part.relative == nil {
        if let output = grounding(of: part, one, documents, &random) { outputs.append(output) }
      }
      try await sink.keep(one.ordinal, addingEach: outputs.map { ($0, nil) })
    }
  }

  private struct Documents {
    var named: [String: String] = [:]
    var placed: [Int: (id: String, text: String)] = [:]
  }

  /// Those that tasks name, and those that were drawn; no others are held.
  private func documents(of drawn: [Drawn]) async throws -> Documents {
    let named = Set(drawn.flatMap { $0.task.parts.flatMap(\.documents) })
    let places = Set(drawn.flatMap(\.others))
    var documents = Documents()
    guard let corpus else { return documents }
    var ids = DocumentIDs()
    for try await element in corpus {
      let id = ids.id(of: element.value, at: element.ordinal)
      guard named.contains(id) || places.contains(element.ordinal) else { continue }
      let title = element.value["title"]?.string.map { $0 + "\n" } ?? ""
      let text = title + (element.value["text"]?.string ?? "")
      if named.contains(id) { documents.named[id] = text }
      if places.contains(element.ordinal) { documents.placed[element.ordinal] = (id, text) }
    }
    return documents
  }

  /// Nil where no document of the fact is in the corpus.
  private func grounding(
    of part: SearchTask.Part, _ drawn: Drawn, _ documents: Documents, _ random: inout SplitMix64
  ) -> Output? {
    let object = part.fact.object.string ?? part.fact.object.text
    guard let text = part.documents.lazy.compactMap({ documents.named[$0] }).first else { return nil }
    let spaced = WholeWords.spaced(object)
    var others: OrderedSet<String> = []
    for place in random.shuffled(drawn.others) where others.count < distractors {
      guard let other = documents.placed[place], !part.documents.contains(other.id),
        !WholeWords.spaced(other.text).contains(spaced)
      else { continue }
      others.append(other.text)
    }
    let shown = random.shuffled([text] + others)
    let listed = shown.enumerated().map { "[\($0 + 1)] \($1)" }.joined(separator: "\n\n")
    let place = (shown.firstIndex(of: text) ?? 0) + 1
    let sentence = wording.sentence(part.fact.relation, part.fact.subject, "…")
    return Output(
      form: .grounding,
      prompt:
        "\(listed)\n\nComplete the sentence by these documents, and say which one states it: \(sentence)",
      completion: "\(object) [\(place)]")
  }
}
