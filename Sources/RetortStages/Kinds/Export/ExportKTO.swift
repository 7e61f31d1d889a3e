internal import OrderedCollections
package import RetortCore

/// Writes completions that are each good or bad, for Kahneman-Tversky optimisation (KTO, arXiv 2402.01306).
package struct ExportKTO: Exporter, PromptShowing {
  package enum Format: String, Codable, Hashable, Sendable, CaseIterable {
    case trl
    case msSwift = "ms-swift"
    case llamaFactory = "llama-factory"
  }

  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [Format]?
    package var user: String?
    package var prompt: PromptFile?
    package var system: String?
    package var promptFrom: PromptSource?
    package var messages: String?
    package var label: String?
    package var threshold: Double?
    package var allowEmpty: Bool?

    enum CodingKeys: String, CodingKey {
      case folder, formats, user, prompt, system, messages, label, threshold
      case promptFrom = "prompt_from"
      case allowEmpty = "allow_empty"
    }

    package init(
      folder: String, formats: [Format]? = nil, system: String? = nil, messages: String? = nil,
      label: String? = nil,
      threshold: Double? = nil, allowEmpty: Bool? = nil
    ) {
      self.folder = folder
      self.formats = formats
      self.system = system
      self.messages = messages
      self.label = label
      self.threshold = threshold
      self.allowEmpty = allowEmpty
    }
  }

  package typealias Input = Columns

  package static let name = "export-kto"
  package static let version = 1
  package static let laterKeys: Set = ["allow_empty", PromptSource.key, "user", "messages"]
  package static let summary = "Write completions that are each good or bad, for KTO."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of trl, ms-swift, llama-factory; all when left out.",
    "label": "The column that says whether a completion is good; default 'correct', with threshold 'reward'.",
    "messages":
      "The column with a whole conversation, as rollouts have it, of rows without a completion; its last answer is good or bad, and the schemas are in 'tools'. TRL and ms-swift alone take such rows. Default 'messages'.",
    "threshold":
      "Take a number of at least this in the label's column as good; default: it is true or false.",
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(TrainingTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Labelled>.validation]
  package static let destinations = [Destination.folder]

  struct Labelled {
    let turns: [JSON]
    let answer: JSON
    /// The schemas, JSON as text; nil for a single answer.
    var tools: String?
    let isGood: Bool

    var hasCalls: Bool { (turns + [answer]).contains { $0["tool_calls"] != nil } }
    var toolsKey: JSON.Object { tools.map { ["tools": .string($0)] } ?? [:] }
  }

  package var reads: [ColumnUse] {
    turns.reads + [
      ColumnUse("completion", or: [messages]), ColumnUse(messages, required: false),
      ColumnUse("tools", required: false), ColumnUse(label),
    ]
  }
  private let messages: String
  private let formats: [Format]
  private let export: TrainingExport<Labelled>
  private let turns: TrainingTurns
  private let label: String
  private let threshold: Double?

  package init(_ config: Config, in workspace: Workspace) throws {
    turns = try TrainingTurns(
      from: config.promptFrom, user: config.user, prompt: config.prompt, system: config.system, in: workspace)
    threshold = config.threshold
    label = config.label ?? (threshold == nil ? "correct" : "reward")
    messages = config.messages ?? "messages"
    let formats = try Format.chosen(config.formats)
    self.formats = formats
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      title: "Good and bad completions",
      about: ["Completions, each with a `label`: whether it is good."], task: "reinforcement-learning",
      shapes: (formats.contains(.trl) ? [Self.trl] : []) + (formats == [.trl] ? [] : [Self.chat(formats)]),
      validation: workspace.set("validation", as: Columns.self))
  }

  package var writes: [ExportTarget] { export.writes }
  package var ownPrompt: Set<PromptPart>? { turns.own }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    try await export.write(rows, dropping: sink) { rows, answers in
      let leaders = try await CallLeaders.ordinals(of: rows, by: nil) { row in
        isConversation(row) && (try? conversation(of: row, isGood: true))?.hasCalls ?? false
      }
      var kind: Bool?
      for isLeader in [true, false] {
        try await answers.examples(of: rows, where: { leaders.contains($0) == isLeader }) { row in
          let isWhole = isConversation(row)
          guard kind ?? isWhole == isWhole else {
            throw BadRow(
              "other kind of row",
              "expected completions in every row or conversations in every row, found both")
          }
          let labelled = try await labelled(row)
          kind = isWhole
          return labelled
        }
      }
    }
  }

  private func isConversation(_ row: Columns) -> Bool {
    (row["completion"] ?? .null).isNull && !(row[messages] ?? .null).isNull
  }

  private func labelled(_ row: Columns) async throws -> Labelled {
    if isConversation(row) { return try conversation(of: row, isGood: try isGood(row)) }
    return Labelled(
      turns: try await turns.turns(of: row),
      answer: TrainingTurns.assistant(try row.assistantText("completion")),
      isGood: try isGood(row))
  }

  /// All before the last answer is its prompt, so that no trainer learns a result.
  private func conversation(of row: Columns, isGood: Bool) throws(BadRow) -> Labelled {
    guard !formats.contains(.llamaFactory) else {
      throw BadRow(
        "conversation",
        "expected 'formats: [trl, ms-swift]' for whole conversations, found llama-factory among them, which drops calls"
      )
    }
    let read = try ConversationPair.trajectory(of: row, in: messages)
    return Labelled(
      turns: read.messages.dropLast(), answer: read.messages.last ?? .null,
      tools: JSON.array(read.tools).text,
      isGood: isGood)
  }

  private func isGood(_ row: Columns) throws(BadRow) -> Bool {
    if row.isUnread(label) { throw Columns.unreadable(label) }
    if let threshold { return try row.finiteNumber(label) >= threshold }
    if let flag = row[label]?.bool { return flag }
    // Whether -1 means bad, or 0.5 good, nobody says.
    guard let number = row[label]?.number, number == 0 || number == 1 else {
      throw BadRow(
        "no label", "expected true or false in '\(label)', found \((row[label] ?? .null).text.prefix(40))")
    }
    return number == 1
  }

  private static let trl = TrainingExport<Labelled>.Shape(
    stem: "trl", usage: "TRL's KTOTrainer, in batches of 2 or more."
  ) { example, _, _ in
    .record(
      [
        "prompt": .array(example.turns), "completion": [example.answer], "label": .bool(example.isGood),
      ], example.toolsKey)
  }

  private static func chat(_ formats: [Format]) -> TrainingExport<Labelled>.Shape {
    let isIndexed = formats.contains(.llamaFactory)
    return TrainingExport<Labelled>.Shape(
      stem: "chat",
      usage:
        "ms-swift (`swift rlhf --rlhf_type kto --gradient_accumulation_steps 1 --strict true --dataset FILE`; "
        + "it fails without the number of steps)"
        + (isIndexed ? " and LLaMA-Factory (stage kto, by `dataset_info.json`)." : "."),
      llamaFactory: isIndexed ? ["messages": "messages", "kto_tag": "label"] : nil
    ) { example, _, _ in
      .record(
        ["messages": .array(example.turns + [example.answer]), "label": .bool(example.isGood)],
        example.toolsKey)
    }
  }
}
