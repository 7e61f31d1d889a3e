internal import OrderedCollections
package import RetortCore

/// Puts a task's facts into a question that names neither the answer nor what leads there (REDSearcher, section 3): by
/// templates, or by a model whose words are checked.
package struct WriteQuestion: RowStage {
  package static let name = "write-question"
  package static let version = 1
  package static let summary =
    "Put a task's facts into a question that hides the answer and what leads there, by templates or by a model."
  package static let keys = [
    "model":
      "The model that words the question; without it templates do, which costs nothing and is the same each time. What it "
      + "writes must say no hidden name, every named one, and no number that the task does not say.",
    "prompt":
      "File with the prompt for the model; its names are columns, and draft, the question as templates word it.",
    "template": "The prompt itself, for short ones. With model, one of prompt and template.",
    "system": "System prompt for the model, with the same names; default none.",
    "repair": "How often the model is asked again, with what is wrong; default 1.",
    "phrases":
      "Relations to sentences with {subject} and {object}, for relations of documents of your own: capital_of: \"{subject} is "
      + "the capital of {object}.\" Default: the words of the relation's name.",
    "nouns":
      "Relations to what their subject and their object are: capital_of: [city, country]. Default: entity.",
    "temperature": SamplingKeys.help["temperature"] ?? "",
    "seed": "Seed of the first draw; a repair adds one. Default none.",
    "max_tokens": SamplingKeys.help["max_tokens"] ?? "",
  ]
  package static let sets = [HiddenNames.role]
  package static let isForeseeable = true

  package static func workload(of config: Config) -> Workload {
    config.model == nil
      ? Workload()
      : Workload(
        samples: 1, repairs: config.repair ?? 1, prompt: config.prompt?.text ?? config.template,
        maxTokens: config.maxTokens, keepsRows: true)
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef?
    package var prompt: PromptFile?
    package var template: String?
    package var system: String?
    package var repair: Int?
    package var phrases: [String: String]?
    package var nouns: [String: [String]]?
    package var temperature: Double?
    package var seed: Int?
    package var maxTokens: Int?

    package enum CodingKeys: String, CodingKey {
      case model, prompt, template, system, repair, phrases, nouns, temperature, seed
      case maxTokens = "max_tokens"
    }

    package init(
      model: ModelRef? = nil, template: String? = nil, repair: Int? = nil, phrases: [String: String]? = nil,
      nouns: [String: [String]]? = nil
    ) {
      self.model = model
      self.template = template
      self.repair = repair
      self.phrases = phrases
      self.nouns = nouns
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package let reads: [ColumnUse]
  package var adds: [String]? { writer == nil ? ["question"] : ["question", "draft"] }
  private let wording: QuestionWording
  private let others: Once<[String: [String]]>
  private let writer: Writer?

  /// A model that words questions.
  private struct Writer: Sendable {
    let model: any ChatModel
    let prompt: Prompt
    let system: Prompt?
    let sampling: Sampling
    let repair: Int
  }

  package init(_ config: Config, in workspace: Workspace) throws {
    wording = QuestionWording(phrases: config.phrases ?? [:], nouns: config.nouns ?? [:])
    for (relation, phrase) in (config.phrases ?? [:]).sorted(by: { $0.key < $1.key })
    where !phrase.contains("{subject}") || !phrase.contains("{object}") {
      throw StageError(
        "phrases: expected a sentence with {subject} and {object}, found '\(phrase)'",
        at: ["phrases", relation])
    }
    for (relation, nouns) in (config.nouns ?? [:]).sorted(by: { $0.key < $1.key })
    where !(1...2).contains(nouns.count) || nouns.contains(where: \.isBlank) {
      throw StageError(
        "nouns: expected one or two words, of the subject and of the object, found \(nouns.count)",
        at: ["nouns", relation])
    }
    let aliases = workspace.set("aliases", as: Columns.self)
    others = Once { try await HiddenNames.others(aliases) }
    writer = try Self.writer(config, in: workspace)
    let prompts = (writer.map { [$0.prompt] + ($0.system.map { [$0] } ?? []) } ?? []).flatMap(\.reads)
    reads = prompts.filter { $0.name != "draft" }.reduce(SearchTask.reads) { ColumnUse.joined($0, [$1]) }
  }

  private static func writer(_ config: Config, in workspace: Workspace) throws -> Writer? {
    guard let model = config.model else {
      let keys = [
        ("prompt", config.prompt != nil), ("template", config.template != nil),
        ("system", config.system != nil), ("repair", config.repair != nil),
        ("temperature", config.temperature != nil), ("seed", config.seed != nil),
        ("max_tokens", config.maxTokens != nil),
      ]
      if let key = keys.first(where: \.1)?.0 {
        throw StageError("\(key): expected 'model' with it, found none: templates word the question")
      }
      return nil
    }
    let text: String
    switch (config.prompt, config.template) {
    case (let file?, nil): text = file.text
    case (nil, let template?): text = template
    case (nil, nil): throw StageError("expected 'prompt' or 'template' with 'model', found neither")
    case (.some, .some): throw StageError("expected one of 'prompt' and 'template', found both")
    }
    let repair = config.repair ?? 1
    guard (0...10).contains(repair) else { throw StageError("repair: expected 0 to 10, found \(repair)") }
    return Writer(
      model: try workspace.chat(model), prompt: try parsed(text, under: "template"),
      system: try config.system.map { try parsed($0, under: "system") },
      sampling: try SamplingKeys.check(
        Sampling(temperature: config.temperature, seed: config.seed, maxTokens: config.maxTokens)),
      repair: repair)
  }

  private static func parsed(_ text: String, under key: String) throws -> Prompt {
    do { return try Prompt(text: text) } catch { throw StageError("\(key): \(error)") }
  }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    let task: SearchTask
    do { task = try SearchTask(input) } catch { return .drop(reason: error.reason, detail: error.detail) }
    let names = HiddenNames(task, others: try await others.value)
    let draft = wording.question(of: task)
    if let said = names.said(in: draft) {
      return .drop(reason: "question says a hidden name", detail: "'\(said)' stands in: \(draft)")
    }
    guard let writer else { return .emit([Columns(["question": .string(draft)])]) }
    return try await written(draft, input, QuestionCheck(task, names, draft: draft), by: writer)
  }

  private func written(
    _ draft: String, _ input: Columns, _ check: QuestionCheck, by writer: Writer
  ) async throws -> Outcome<Columns> {
    var values = input.values
    values["draft"] = .string(draft)
    var messages: [ChatMessage] = []
    if let system = writer.system { messages.append(.system(try system.render(values))) }
    messages.append(.user(try writer.prompt.render(values)))
    var fault = QuestionCheck.Fault(reason: "", detail: "")
    for attempt in 0...writer.repair {
      let reply = try await writer.model.reply(
        to: ChatRequest(messages, sampling: writer.sampling, draw: attempt))
      if let flaw = reply.flaw { return .drop(reason: flaw, detail: reply.ending) }
      let question = Thoughts(in: reply.text).answer.trimmed
      guard let found = check.fault(of: question) else {
        return .emit([Columns(["question": .string(question), "draft": .string(draft)])])
      }
      fault = found
      messages += [
        .assistant(String(reply.text.prefix(StructuredReply.quoted))),
        .user(
          "That question cannot be used: \(found.detail). Write the whole question again, and nothing else."),
      ]
    }
    return .drop(reason: fault.reason, detail: fault.detail)
  }
}
