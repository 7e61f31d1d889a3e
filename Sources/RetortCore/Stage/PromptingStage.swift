internal import OrderedCollections

/// A kind whose stages ask a model with a prompt made of a row, so that others can show the same prompt again: an export
/// as what a completion answers, a reward model as what it judges an answer to.
package protocol PromptingStage: RowStage {
  /// The keys of its configuration that say how a prompt is rendered.
  var promptKeys: Set<String> { get }
  /// The columns that ``prompt(of:)`` reads.
  var promptReads: [ColumnUse] { get }
  /// What its prompts have beyond the bare question.
  var promptParts: Set<PromptPart> { get }

  /// The conversation that a row is asked with, up to the turn that the model answers, without the known answer.
  func prompt(of row: Columns) async throws -> [ChatMessage]
}

/// What a prompt may have beyond the bare question.
package enum PromptPart: String, Hashable, Sendable, CaseIterable {
  case system = "the system text"
  case template = "the template"
}

/// A stage that shows the prompt of an earlier one where the pipeline names it under `prompt_from:`.
package protocol PromptShowing: RowTaking {
  /// What its own keys put into the prompts that it shows; nil where they are those of another stage.
  var ownPrompt: Set<PromptPart>? { get }
}

/// The name of a stage under `prompt_from:`. In a step's key the configuration stands for it that makes the prompt, so
/// that an edited prompt redoes what shows it and renaming the stage does not.
package struct PromptSource: Hashable, Sendable, Codable {
  package static let key = "prompt_from"
  package static let help =
    "The stage upstream whose prompt the row answers, shown as that stage's own keys render it, without the known "
    + "answer; in place of the prompt that this stage would make itself."

  package let stage: String

  package init(stage: String) { self.stage = stage }

  package init(from decoder: any Decoder) throws {
    stage = try decoder.singleValueContainer().decode(String.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(stage)
  }

  /// The role under which a set of the stage that is named is given to the one that names it.
  package static func role(_ role: String) -> String { "\(key).\(role)" }
}

/// How a bound stage asks: the prompt of a row, as others may show it.
package struct RenderedPrompt: Sendable {
  package let reads: [ColumnUse]
  package let parts: Set<PromptPart>
  let keys: Set<String>
  private let render: @Sendable (Columns) async throws -> [ChatMessage]

  init(_ stage: some PromptingStage) {
    reads = stage.promptReads
    parts = stage.promptParts
    keys = stage.promptKeys
    render = { try await stage.prompt(of: $0) }
  }

  /// The conversation of a row, which ends with the user's turn. Errors: ``PromptError`` and ``StageError`` for a row that
  /// lacks what the prompt names; a model's, where it counts tokens.
  ///
  /// - Parameters:
  ///   - hidden: columns that must not be seen, beside ``SharedColumns/known``.
  ///   - demonstrations: whether those of the row are shown.
  package func messages(
    of row: Columns, hiding hidden: Set<String> = [], demonstrations: Bool = true
  ) async throws -> [ChatMessage] {
    var shown = row
    for column in SharedColumns.known.union(hidden) { shown[column] = nil }
    if !demonstrations, shown[SharedColumns.demonstrations] != nil {
      shown[SharedColumns.demonstrations] = []
    }
    return try await render(shown)
  }
}

extension Workspace {
  /// The prompt of the stage under `prompt_from:`; nil where the pipeline names none.
  ///
  /// `own`: keys of the stage's own prompt, and whether they are set. Errors: ``StageError`` beside one of them, and for
  /// a prompt that cannot be rendered without the known answer.
  package func prompt(
    _ source: PromptSource?, besides own: [(key: String, isSet: Bool)], hiding hidden: Set<String> = []
  ) throws -> RenderedPrompt? {
    guard let source else { return nil }
    if let other = own.first(where: \.isSet) {
      throw StageError(
        "\(PromptSource.key): expected it without '\(other.key)', since it makes the whole prompt, found both"
      )
    }
    // Only where the stage that it names has mistakes of its own.
    guard let prompt else {
      throw StageError(
        "\(PromptSource.key): expected a stage with a prompt of its own, found '\(source.stage)'")
    }
    if let known = prompt.reads.first(where: {
      $0.required && SharedColumns.known.union(hidden).contains($0.name)
    }) {
      throw StageError(
        "\(PromptSource.key): expected a prompt that can be shown without the known answer, found {{\(known.name)}} in "
          + "that of '\(source.stage)'; put what needs it into {{#\(known.name)}}…{{/\(known.name)}} there, or write "
          + "the prompt to show under 'prompt:' here")
    }
    return prompt
  }

  /// The workspace of the stage that is named under `prompt_from:`, of this one's.
  func ofPromptSource() -> Workspace {
    let start = PromptSource.role("")
    let own = sets.compactMap { role, set in
      role.hasPrefix(start) ? (String(role.dropFirst(start.count)), set) : nil
    }
    return Workspace(
      folder: folder, models: models, sets: Dictionary(uniqueKeysWithValues: own), pipeline: pipeline,
      ledger: ledger)
  }
}

extension ConfiguredStage {
  /// The stage with the prompt of another one to show.
  package func showing(_ source: ConfiguredStage, bound: BoundStage) -> ConfiguredStage {
    guard let prompt = bound.prompt else { return self }
    let keys = (source.config.object ?? [:]).filter { prompt.keys.contains($0.key) && !$0.value.isNull }
    var fields = config.object ?? [:]
    fields[PromptSource.key] = [
      "kind": .string(bound.kind), "version": .int(Int64(bound.version)), "with": .object(keys),
    ]
    return ConfiguredStage(config: .object(fields), workload: workload) { [bind] workspace in
      var workspace = workspace
      workspace.prompt = try source.bind(workspace.ofPromptSource()).prompt
      return try bind(workspace)
    }
  }
}
