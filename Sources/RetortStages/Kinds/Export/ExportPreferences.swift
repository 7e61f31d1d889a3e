internal import OrderedCollections
package import RetortCore

/// Writes pairs of a chosen and a rejected completion as preference trainers and reward model trainers read them.
package struct ExportPreferences: Exporter, PromptShowing {
  package enum Format: String, Codable, Hashable, Sendable, CaseIterable {
    case trl
    case msSwift = "ms-swift"
    case llamaFactory = "llama-factory"
    case openAI = "openai"
  }

  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [Format]?
    package var user: String?
    package var prompt: PromptFile?
    package var system: String?
    package var promptFrom: PromptSource?
    package var chosen: String?
    package var rejected: String?
    package var split: String?
    package var margin: String?
    package var marginScale: Double?
    package var compare: ComparedTurns?
    package var allowEmpty: Bool?

    package enum CodingKeys: String, CodingKey {
      case folder, formats, user, prompt, system, chosen, rejected, split, margin, compare
      case marginScale = "margin_scale"
      case promptFrom = "prompt_from"
      case allowEmpty = "allow_empty"
    }

    package init(
      folder: String, formats: [Format]? = nil, user: String? = nil, system: String? = nil,
      chosen: String? = nil, rejected: String? = nil, split: String? = nil, margin: String? = nil,
      marginScale: Double? = nil, compare: ComparedTurns? = nil, allowEmpty: Bool? = nil
    ) {
      self.compare = compare
      self.user = user
      self.chosen = chosen
      self.rejected = rejected
      self.split = split
      self.folder = folder
      self.formats = formats
      self.system = system
      self.margin = margin
      self.marginScale = marginScale
      self.allowEmpty = allowEmpty
    }
  }

  package typealias Input = Columns

  package static let name = "export-preferences"
  package static let version = 2
  package static let laterKeys: Set = [
    "allow_empty", PromptSource.key, "user", "chosen", "rejected", SplitColumn.key, "compare",
  ]
  package static let summary =
    "Write chosen and rejected completions for preference and reward model training."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of trl (OpenRLHF too), ms-swift, llama-factory (Axolotl too), openai; all when left out.",
    "chosen":
      "The better answer, a template such as '{{good}}'; default: the column 'chosen', a text or a whole conversation, of which 'rejected' has another, and 'tools' the schemas.",
    "rejected": "The other answer, a template such as '{{bad}}'; default: the column 'rejected'.",
    SplitColumn.key: SplitColumn.help,
    "compare":
      "Of two conversations, which the formats trl and ms-swift write: rest (what stands after the turns in which they agree) or turn (the first that differs alone); default rest.",
    "margin":
      "The column with the least difference of rewards, such as 'pair_weight', for reward model training with TRL, ms-swift and OpenRLHF; default none.",
    "margin_scale": "What the margin is multiplied by, above 0; default 1.",
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(TrainingTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Pair>.validation]
  package static let destinations = [Destination.folder]

  struct Pair {
    enum Sides {
      case texts(turns: [JSON], chosen: String, rejected: String)
      case conversations(ConversationPair)

      var conversation: ConversationPair? { if case .conversations(let pair) = self { pair } else { nil } }
    }

    let sides: Sides
    let margin: Double?

    var marginKey: JSON.Object { margin.map { ["margin": .double($0)] } ?? [:] }
  }

  package var reads: [ColumnUse] {
    [
      chosen.reads, rejected.reads, margin.map { [ColumnUse($0)] } ?? [], split?.reads ?? [],
      [ColumnUse("tools", required: false)],
    ].reduce(turns.reads, ColumnUse.joined)
  }
  private let export: TrainingExport<Pair>
  private let turns: TrainingTurns
  private let chosen: AnswerText
  private let rejected: AnswerText
  private let split: SplitColumn?
  private let margin: String?
  private let scale: Double
  private let compare: ComparedTurns
  private let formats: [Format]
  /// Whether the answers are the columns of that name, where conversations may stand.
  private let takesConversations: Bool

  package init(_ config: Config, in workspace: Workspace) throws {
    turns = try TrainingTurns(
      from: config.promptFrom, user: config.user, prompt: config.prompt, system: config.system, in: workspace)
    chosen = try AnswerText(config.chosen, under: "chosen")
    rejected = try AnswerText(config.rejected, under: "rejected")
    split = try SplitColumn(config.split, in: workspace)
    margin = config.margin
    scale = config.marginScale ?? 1
    guard scale > 0, scale.isFinite else {
      throw StageError("margin_scale: expected a number above 0, found \(scale)")
    }
    guard margin != nil || config.marginScale == nil else {
      throw StageError("margin_scale: expected the key 'margin' with it, found none")
    }
    compare = config.compare ?? .rest
    formats = try Format.chosen(config.formats)
    takesConversations = config.chosen == nil && config.rejected == nil
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      title: "Preferences",
      about: ["Pairs of completions of one prompt, the first of which is to be preferred."],
      task: "reinforcement-learning", shapes: formats.map(\.shape),
      validation: workspace.set("validation", as: Columns.self))
  }

  package var writes: [ExportTarget] { export.writes }
  package var ownPrompt: Set<PromptPart>? { turns.own }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    try await export.write(rows, dropping: sink) { rows, answers in
      let leaders = try await leaders(of: rows)
      var kind: Bool?
      for isLeader in [true, false] {
        try await answers.examples(of: rows, by: split, where: { leaders.contains($0) == isLeader }) { row in
          let pair = try await pair(row)
          let isConversation = pair.sides.conversation != nil
          guard kind ?? isConversation == isConversation else {
            throw BadRow(
              "other kind of pair", "expected texts in every row or conversations in every row, found both")
          }
          kind = isConversation
          return pair
        }
      }
    }
  }

  /// The rows that are written first, one for each file, as ``ExportTrajectories`` has them.
  private func leaders(of rows: RowSet<Columns>) async throws -> Set<Int> {
    try await CallLeaders.ordinals(of: rows, by: split) { row in
      guard isConversation(row) else { return false }
      return (try? conversation(of: row))?.hasCalls ?? false
    }
  }

  private func isConversation(_ row: Columns) -> Bool {
    takesConversations && ["chosen", "rejected"].contains { ConversationPair.stands(in: row[$0]) }
  }

  private func conversation(of row: Columns) throws(BadRow) -> ConversationPair {
    if let other = formats.first(where: { ![.trl, .msSwift].contains($0) }) {
      throw BadRow(
        "pair of conversations",
        "expected 'formats: [trl, ms-swift]' for a pair of conversations, found \(other.rawValue) among them")
    }
    return try ConversationPair(
      of: row, comparing: compare, learnsResults: formats.contains(.trl))
  }

  private func pair(_ row: Columns) async throws -> Pair {
    Pair(
      sides: isConversation(row) ? .conversations(try conversation(of: row)) : try await texts(of: row),
      margin: try margin.map { column throws(BadRow) in try row.finiteNumber(column) * scale })
  }

  private func texts(of row: Columns) async throws -> Pair.Sides {
    let (chosen, rejected) = (try chosen.text(of: row), try rejected.text(of: row))
    guard !chosen.isSame(as: rejected) else {
      throw BadRow(
        "equal pair",
        "expected two different texts in 'chosen' and 'rejected', found "
          + (chosen == rejected ? "one twice" : "two that differ by white space alone"))
    }
    return .texts(turns: try await turns.turns(of: row), chosen: chosen, rejected: rejected)
  }
}

extension ExportPreferences.Format {
  fileprivate var shape: TrainingExport<ExportPreferences.Pair>.Shape {
    switch self {
    case .trl:
      .init(
        stem: rawValue,
        usage: "TRL's DPOTrainer and RewardTrainer (which alone reads `margin`), and OpenRLHF's "
          + "(`--data.prompt_key prompt --data.apply_chat_template`, `--model.margin_loss_enable`)."
      ) { pair, _, _ in .record(pair.sides.trl, pair.marginKey) }
    case .msSwift:
      .init(
        stem: rawValue,
        usage: "ms-swift: `swift rlhf --rlhf_type dpo --strict true --dataset FILE`; `rm` reads `margin`."
      ) { pair, _, _ in .record(pair.sides.swift, pair.marginKey) }
    case .llamaFactory:
      .init(
        stem: rawValue,
        usage: "LLaMA-Factory (stages dpo and rm, by `dataset_info.json`) and Axolotl (`rl: dpo`, "
          + "`type: chat_template.default`); no margin.",
        llamaFactory: ["messages": "messages", "chosen": "chosen", "rejected": "rejected"]
      ) { pair, _, _ in .object(pair.sides.llamaFactory) }
    case .openAI:
      .init(stem: rawValue, usage: "OpenAI's preference fine-tuning and services of its shape; no margin.") {
        pair, _, _ in .object(pair.sides.openAI)
      }
    }
  }
}

/// The records. Only the first two have one of conversations: rows of them are refused for the others.
extension ExportPreferences.Pair.Sides {
  fileprivate var trl: JSON.Object {
    switch self {
    case .texts(let turns, let chosen, let rejected):
      [
        "prompt": .array(turns), "chosen": [TrainingTurns.assistant(chosen)],
        "rejected": [TrainingTurns.assistant(rejected)],
      ]
    case .conversations(let pair):
      [
        "prompt": .array(pair.shared), "chosen": .array(pair.chosen), "rejected": .array(pair.rejected),
        "tools": .string(pair.tools),
      ]
    }
  }

  fileprivate var swift: JSON.Object {
    switch self {
    case .texts(let turns, let chosen, let rejected):
      [
        "messages": .array(turns + [TrainingTurns.assistant(chosen)]), "rejected_response": .string(rejected),
      ]
    case .conversations(let pair):
      // It stands for all that comes after the last turn of the user.
      [
        "messages": .array(pair.shared + pair.chosen),
        "rejected_response": .array(pair.sharedAnswers + pair.rejected), "tools": .string(pair.tools),
      ]
    }
  }

  fileprivate var llamaFactory: JSON.Object {
    guard case .texts(let turns, let chosen, let rejected) = self else { return [:] }
    return [
      "messages": .array(turns), "chosen": TrainingTurns.assistant(chosen),
      "rejected": TrainingTurns.assistant(rejected),
    ]
  }

  fileprivate var openAI: JSON.Object {
    guard case .texts(let turns, let chosen, let rejected) = self else { return [:] }
    return [
      "input": ["messages": .array(turns)], "preferred_output": [TrainingTurns.assistant(chosen)],
      "non_preferred_output": [TrainingTurns.assistant(rejected)],
    ]
  }
}
