internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// A stage of the file whose kind and configuration have been looked up, as far as that went.
struct StageDraft {
  let written: PipelineFile.StageNode
  /// What is configured: `with:` of the file, but for values that were put aside to look for further mistakes.
  var with: PlacedNode
  /// What is wrong with it.
  var mistakes: [Diagnostic] = []
  /// Whether a model stands in for one with a mistake, of whatever kind.
  var takesAnyModel = false
  /// Paths of templates with a mistake.
  var brokenPrompts: Set<String> = []
  /// Nil for an unknown kind.
  var entry: StageEntry?
  /// Nil when the configuration has mistakes.
  var configured: ConfiguredStage?
  var bound: BoundStage?
  /// The files that it may write, with and without `--limit`.
  var writes: [ExportTarget] = []
  var models: [String] = []
  var prompts: [(file: String, prompt: Prompt)] = []
  /// The structure files, as trees.
  var structures: [PlacedNode] = []
  /// The files that its configuration names.
  var files: Set<URL> = []
  /// The stage whose prompt it shows.
  var promptSource: (name: String, place: FilePosition)?
  /// The tools that it offers, each with the place where it is named.
  var tools: [(spec: ToolSpec, place: FilePosition)] = []
  /// What that stage takes under `using:`, by the role under which this one is given it.
  var promptSets: OrderedDictionary<String, String> = [:]
}

extension PipelineReader {
  mutating func draft(_ stage: PipelineFile.StageNode, models: OrderedDictionary<String, ModelSpec>)
    -> StageDraft
  {
    var draft = StageDraft(written: stage, with: stage.with)
    guard let kind = stage.node["uses"]?.string else { return draft }
    guard let entry = stage.made?.entry ?? catalog[kind] else {
      report(
        stage.node["uses"]?.place ?? stage.keyPlace,
        "expected a stage kind (see 'retort stages'), found '\(kind)'"
          + NearestWord.hint(kind, in: catalog.kinds.map(\.name)))
      return draft
    }
    draft.entry = entry
    // A `with:` that is no mapping was reported with the stage's keys.
    guard stage.with.entries != nil else { return draft }
    configure(&draft, entry, models)
    return draft
  }

  /// Decodes `with:`, and reads the templates that it names.
  func configure(
    _ draft: inout StageDraft, _ entry: StageEntry, _ models: OrderedDictionary<String, ModelSpec>
  ) {
    let log = DecodingLog(folder: folder, models: models, tools: tools)
    let with = draft.with
    draft.configured = log.decode(with) {
      let decoder = NodeDecoder(with, log: log)
      // A configuration without keys asks for none, and would let every key pass.
      log.watch(decoder.keys)
      return try entry.configure(decoder)
    }
    draft.mistakes += log.mistakes
    draft.models = Array(log.usedModels)
    draft.files = log.files
    draft.structures = log.structures
    draft.promptSource = log.promptSource
    draft.tools = log.usedTools
    readPrompts(log.prompts, into: &draft)
    draft.brokenPrompts.formUnion(log.brokenStructures)
    if !draft.brokenPrompts.isEmpty { draft.configured = nil }
  }

  /// A template with a mistake is reported in its own file, once.
  private func readPrompts(_ prompts: [PromptFile], into draft: inout StageDraft) {
    (draft.prompts, draft.brokenPrompts) = ([], [])
    for prompt in prompts {
      let file = Self.joined(folder.relativePath, prompt.path)
      do { draft.prompts.append((file, try Prompt(text: prompt.text))) } catch {
        let place = (error as? PromptError).map { ($0.line, $0.column, $0.message) } ?? (1, 1, "\(error)")
        draft.mistakes.append(
          Diagnostic(FilePosition(file: file, line: place.0, column: place.1), place.2))
        draft.brokenPrompts.insert(prompt.path)
      }
    }
  }

  /// Lets the stages check what their configurations' types cannot: those that show another's prompt once that is known.
  mutating func bind(
    _ drafts: inout OrderedDictionary<String, StageDraft>, _ models: OrderedDictionary<String, ModelSpec>
  ) {
    for isShowing in [false, true] {
      for (name, var draft) in drafts where (draft.promptSource != nil) == isShowing {
        bind(&draft, with: drafts)
        hunt(&draft, models, with: drafts)
        mistakes += draft.mistakes
        drafts[name] = draft
      }
    }
  }

  func bind(_ draft: inout StageDraft, with drafts: OrderedDictionary<String, StageDraft>) {
    guard draft.promptSource == nil || connectPrompt(of: &draft, with: drafts) else { return }
    guard let configured = draft.configured else { return }
    var told: [Diagnostic] = []
    func report(_ place: FilePosition, _ message: String) { told.append(Diagnostic(place, message)) }
    defer { draft.mistakes += told }
    let stage = draft.written
    let roles = (stage.node["using"]?.entries?.keys.elements ?? []).map { ($0, RowSet<Columns>([])) }
    func workspace(_ suffix: String) -> Workspace {
      Workspace(
        folder: folder, models: InertModels(isOfAnyKind: draft.takesAnyModel),
        sets: Dictionary(roles, uniquingKeysWith: { first, _ in first }), exportSuffix: suffix,
        branches: stage.branches, isGrouped: stage.fields?.per != nil,
        databases: DatabaseReader())
    }
    do {
      let bound = try configured.bind(workspace(""))
      draft.bound = bound
      draft.writes = bound.writes
      if draft.entry?.exports == true {
        draft.writes += try configured.bind(workspace(Pipeline.limitedSuffix)).writes
      }
    } catch let error as InertModels.WrongKind {
      report(stage.place(of: error.alias, in: "with"), error.description)
    } catch let error as DecodingError {
      report(stage.place(in: "with"), error.plainDescription)
    } catch let errors as StageErrors {
      for error in errors.all { report(stage.place(of: error), error.description) }
    } catch {
      report(stage.place(of: "\(error)"), "\(error)")
    }
  }

  /// `path` seen from where `folder` is seen, without `x/..`.
  static func joined(_ folder: String, _ path: String) -> String {
    if path.hasPrefix("/") { return path }
    var parts: [Substring] = []
    for part in folder.split(separator: "/") + path.split(separator: "/") {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else if part != "." {
        parts.append(part)
      }
    }
    return (folder.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}

/// Hands out models that refuse every call: a check calls none.
struct InertModels: ModelProvider {
  struct WrongKind: Error, CustomStringConvertible {
    let alias: String
    let description: String
  }

  /// Whether a model may be of another kind than is asked for.
  var isOfAnyKind = false

  func chat(_ model: ModelRef) throws -> any ChatModel { try inert(model, "a chat model", [.chat]) }

  func embedding(_ model: ModelRef) throws -> any EmbeddingModel {
    try inert(model, "an embedding model", [.embedding])
  }

  func reward(_ model: ModelRef) throws -> any RewardModel {
    try inert(model, "a reward model", ModelSpec.Kind.allCases.filter(\.scoresAnswers))
  }

  func scorer(_ model: ModelRef) throws -> any LogprobModel {
    try inert(model, "a model that scores texts", ModelSpec.Kind.allCases.filter(\.scoresText))
  }

  func tokens(_ model: ModelRef) throws -> any TokenModel {
    try inert(model, "a model that writes", [.chat, .judge])
  }

  func entailment(_ model: ModelRef) throws -> any EntailmentModel {
    try inert(model, "a model that judges entailment", [.teiEntailment])
  }

  private func inert(_ model: ModelRef, _ wanted: String, _ kinds: [ModelSpec.Kind]) throws -> InertModel {
    guard isOfAnyKind || kinds.contains(model.spec.kind) else {
      let choice = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw WrongKind(
        alias: model.spec.alias,
        description: "expected \(wanted) (kind \(choice)), found '\(model.spec.alias)' "
          + "of kind '\(model.spec.kind.rawValue)'")
    }
    return InertModel()
  }
}

struct InertModel: ChatModel, EmbeddingModel, RewardModel, LogprobModel, TokenModel, EntailmentModel {
  private var refusal: ModelError { ModelError(.unsupported, "no model is called while a file is checked") }
  func reply(to request: ChatRequest) async throws -> ChatReply { throw refusal }
  func embed(_ texts: [String]) async throws -> [[Float]] { throw refusal }
  func score(_ conversation: [ChatMessage]) async throws -> RewardScore { throw refusal }
  func count(_ text: String) async throws -> Int { throw refusal }
  func entailment(of hypothesis: String, from premise: String) async throws -> EntailmentScore {
    throw refusal
  }
  func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob] {
    throw refusal
  }
}
