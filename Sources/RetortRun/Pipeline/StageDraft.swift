internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// A stage of the file whose kind and configuration have been looked up, as far as that went.
struct StageDraft {
  let written: PipelineFile.StageNode
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
}

extension PipelineReader {
  mutating func draft(_ stage: PipelineFile.StageNode, models: OrderedDictionary<String, ModelSpec>)
    -> StageDraft
  {
    var draft = StageDraft(written: stage)
    guard let kind = stage.node["uses"]?.string else { return draft }
    guard let entry = catalog[kind] else {
      report(
        stage.node["uses"]?.place ?? stage.keyPlace,
        "expected a stage kind (see 'retort stages'), found '\(kind)'"
          + NearestWord.hint(kind, in: catalog.kinds.map(\.name)))
      return draft
    }
    draft.entry = entry
    // A `with:` that is no mapping was reported with the stage's keys.
    guard stage.with.entries != nil else { return draft }
    let log = DecodingLog(folder: folder, models: models)
    let configured = log.decode(stage.with) {
      let decoder = NodeDecoder(stage.with, log: log)
      // A configuration without keys asks for none, and would let every key pass.
      log.watch(decoder.keys)
      return try entry.configure(decoder)
    }
    mistakes += log.mistakes
    draft.configured = configured
    draft.models = Array(log.usedModels)
    draft.files = log.files
    draft.structures = log.structures
    let broken = readPrompts(log.prompts, into: &draft)
    guard let configured, !broken else { return draft }
    bind(configured, stage, into: &draft)
    return draft
  }

  /// A template with a mistake is reported in its own file, once.
  private mutating func readPrompts(_ prompts: [PromptFile], into draft: inout StageDraft) -> Bool {
    var broken = false
    for prompt in prompts {
      let file = Self.joined(folder.relativePath, prompt.path)
      do { draft.prompts.append((file, try Prompt(text: prompt.text))) } catch let error as PromptError {
        report(FilePosition(file: file, line: error.line, column: error.column), error.message)
        broken = true
      } catch {
        report(FilePosition(file: file, line: 1, column: 1), "\(error)")
        broken = true
      }
    }
    return broken
  }

  /// Lets the stage check what its configuration's types cannot.
  private mutating func bind(
    _ configured: ConfiguredStage, _ stage: PipelineFile.StageNode, into draft: inout StageDraft
  ) {
    let roles = stage.node["using"]?.entries?.keys.map { ($0, RowSet<Columns>([])) } ?? []
    func workspace(_ suffix: String) -> Workspace {
      Workspace(
        folder: folder, models: InertModels(),
        sets: Dictionary(roles, uniquingKeysWith: { first, _ in first }), exportSuffix: suffix,
        branches: stage.fields?.from?.names.count ?? 0, isGrouped: stage.fields?.per != nil)
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

  private func inert(_ model: ModelRef, _ wanted: String, _ kinds: [ModelSpec.Kind]) throws -> InertModel {
    guard kinds.contains(model.spec.kind) else {
      let choice = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw WrongKind(
        alias: model.spec.alias,
        description: "expected \(wanted) (kind \(choice)), found '\(model.spec.alias)' "
          + "of kind '\(model.spec.kind.rawValue)'")
    }
    return InertModel()
  }
}

struct InertModel: ChatModel, EmbeddingModel, RewardModel, LogprobModel, TokenModel {
  private var refusal: ModelError { ModelError(.unsupported, "no model is called while a file is checked") }
  func reply(to request: ChatRequest) async throws -> ChatReply { throw refusal }
  func embed(_ texts: [String]) async throws -> [[Float]] { throw refusal }
  func score(_ conversation: [ChatMessage]) async throws -> RewardScore { throw refusal }
  func count(_ text: String) async throws -> Int { throw refusal }
  func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob] {
    throw refusal
  }
}
