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
    package var allowEmpty: Bool?

    package enum CodingKeys: String, CodingKey {
      case folder, formats, user, prompt, system, chosen, rejected, split, margin
      case marginScale = "margin_scale"
      case promptFrom = "prompt_from"
      case allowEmpty = "allow_empty"
    }

    package init(
      folder: String, formats: [Format]? = nil, user: String? = nil, system: String? = nil,
      chosen: String? = nil, rejected: String? = nil, split: String? = nil, margin: String? = nil,
      marginScale: Double? = nil, allowEmpty: Bool? = nil
    ) {
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
    "allow_empty", PromptSource.key, "user", "chosen", "rejected", SplitColumn.key,
  ]
  package static let summary =
    "Write chosen and rejected completions for preference and reward model training."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of trl (OpenRLHF too), ms-swift, llama-factory (Axolotl too), openai; all when left out.",
    "chosen": "The better answer, a template such as '{{good}}'; default: the column 'chosen'.",
    "rejected": "The other answer, a template such as '{{bad}}'; default: the column 'rejected'.",
    SplitColumn.key: SplitColumn.help,
    "margin":
      "The column with the least difference of rewards, such as 'pair_weight', for reward model training with TRL, ms-swift and OpenRLHF; default none.",
    "margin_scale": "What the margin is multiplied by, above 0; default 1.",
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(TrainingTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Pair>.validation]
  package static let destinations = [Destination.folder]

  struct Pair {
    let turns: [JSON]
    let chosen: String
    let rejected: String
    let margin: Double?

    var marginKey: JSON.Object { margin.map { ["margin": .double($0)] } ?? [:] }
  }

  package var reads: [ColumnUse] {
    [chosen.reads, rejected.reads, margin.map { [ColumnUse($0)] } ?? [], split?.reads ?? []]
      .reduce(turns.reads, ColumnUse.joined)
  }
  private let export: TrainingExport<Pair>
  private let turns: TrainingTurns
  private let chosen: AnswerText
  private let rejected: AnswerText
  private let split: SplitColumn?
  private let margin: String?
  private let scale: Double

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
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      title: "Preferences",
      about: ["Pairs of completions of one prompt, the first of which is to be preferred."],
      task: "reinforcement-learning", shapes: try Format.chosen(config.formats).map(\.shape),
      validation: workspace.set("validation", as: Columns.self))
  }

  package var writes: [ExportTarget] { export.writes }
  package var ownPrompt: Set<PromptPart>? { turns.own }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    try await export.write(rows, dropping: sink) { try await $1.examples(of: $0, by: split, pair) }
  }

  private func pair(_ row: Columns) async throws -> Pair {
    let (chosen, rejected) = (try chosen.text(of: row), try rejected.text(of: row))
    guard !chosen.isSame(as: rejected) else {
      throw BadRow(
        "equal pair",
        "expected two different texts in 'chosen' and 'rejected', found "
          + (chosen == rejected ? "one twice" : "two that differ by white space alone"))
    }
    return Pair(
      turns: try await turns.turns(of: row), chosen: chosen, rejected: rejected,
      margin: try margin.map { column throws(BadRow) in try row.finiteNumber(column) * scale })
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
      ) { pair, _, _ in
        .record(
          [
            "prompt": .array(pair.turns), "chosen": [TrainingTurns.assistant(pair.chosen)],
            "rejected": [TrainingTurns.assistant(pair.rejected)],
          ],
          pair.marginKey)
      }
    case .msSwift:
      .init(
        stem: rawValue,
        usage: "ms-swift: `swift rlhf --rlhf_type dpo --strict true --dataset FILE`; `rm` reads `margin`."
      ) { pair, _, _ in
        .record(
          [
            "messages": .array(pair.turns + [TrainingTurns.assistant(pair.chosen)]),
            "rejected_response": .string(pair.rejected),
          ], pair.marginKey)
      }
    case .llamaFactory:
      .init(
        stem: rawValue,
        usage: "LLaMA-Factory (stages dpo and rm, by `dataset_info.json`) and Axolotl (`rl: dpo`, "
          + "`type: chat_template.default`); no margin.",
        llamaFactory: ["messages": "messages", "chosen": "chosen", "rejected": "rejected"]
      ) { pair, _, _ in
        [
          "messages": .array(pair.turns), "chosen": TrainingTurns.assistant(pair.chosen),
          "rejected": TrainingTurns.assistant(pair.rejected),
        ]
      }
    case .openAI:
      .init(stem: rawValue, usage: "OpenAI's preference fine-tuning and services of its shape; no margin.") {
        pair, _, _ in
        [
          "input": ["messages": .array(pair.turns)],
          "preferred_output": [TrainingTurns.assistant(pair.chosen)],
          "non_preferred_output": [TrainingTurns.assistant(pair.rejected)],
        ]
      }
    }
  }
}
