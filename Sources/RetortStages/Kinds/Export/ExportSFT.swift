internal import OrderedCollections
package import RetortCore

/// Writes conversations that a model learns to answer, in the shapes that trainers read, with recipes to train from.
package struct ExportSFT: Exporter, PromptShowing {
  package enum Format: String, Codable, Hashable, Sendable, CaseIterable {
    case trl
    case msSwift = "ms-swift"
    case llamaFactory = "llama-factory"
    case axolotl, verl
    case openRLHF = "openrlhf"
    case openAI = "openai"
  }

  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [Format]?
    package var messages: String?
    package var system: String?
    package var user: String?
    package var prompt: PromptFile?
    package var assistant: String?
    package var promptFrom: PromptSource?
    package var thoughts: ThoughtForm?
    package var specialTokens: SpecialTokens?
    package var split: String?
    package var baseModel: String?
    package var maxLength: Int?
    package var allowEmpty: Bool?
    package var images: [String]?

    package enum CodingKeys: String, CodingKey {
      case folder, formats, messages, system, user, prompt, assistant, thoughts, split, images
      case promptFrom = "prompt_from"
      case specialTokens = "special_tokens"
      case baseModel = "base_model"
      case maxLength = "max_length"
      case allowEmpty = "allow_empty"
    }

    package init(
      folder: String, formats: [Format]? = nil, messages: String? = nil, system: String? = nil,
      user: String? = nil, assistant: String? = nil, thoughts: ThoughtForm? = nil,
      specialTokens: SpecialTokens? = nil, split: String? = nil, baseModel: String? = nil,
      maxLength: Int? = nil,
      allowEmpty: Bool? = nil, images: [String]? = nil
    ) {
      self.images = images
      self.folder = folder
      self.formats = formats
      self.messages = messages
      self.system = system
      self.user = user
      self.assistant = assistant
      self.thoughts = thoughts
      self.specialTokens = specialTokens
      self.split = split
      self.baseModel = baseModel
      self.maxLength = maxLength
      self.allowEmpty = allowEmpty
    }
  }

  package typealias Input = Columns

  package static let name = "export-sft"
  package static let version = 1
  package static let laterKeys: Set = [SplitColumn.key, ImageColumns.key]
  package static let summary =
    "Write conversations for supervised fine-tuning, with a dataset card and recipes."
  package static let keys = [
    ImageColumns.key:
      "Columns with images that the user's last turn shows; their files are written to images/ beside the set, with <image> marks for ms-swift and LLaMA-Factory and as parts for TRL and Axolotl, the formats that there are then, without recipes. Default none.",
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of trl, ms-swift, llama-factory, axolotl, verl, openrlhf, openai; all when left out.",
    SplitColumn.key: SplitColumn.help,
    "base_model": "The model that the recipes train; \(TrainingRecipes.baseModel) when left out.",
    "max_length": "Most tokens of a conversation in the recipes; \(TrainingRecipes.maxLength) when left out.",
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(SupervisedTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Example>.validation]
  package static let destinations = [Destination.folder]

  struct Example {
    /// The assistant's last.
    let turns: [JSON]
    /// Those that the turns have a mark for.
    var images: [ImageReference] = []
  }

  private var export: TrainingExport<Example>
  private let images: ImageColumns
  private let showsImages: Bool
  private let turns: SupervisedTurns
  private let split: SplitColumn?

  package init(_ config: Config, in workspace: Workspace) throws {
    turns = try SupervisedTurns(
      .init(
        messages: config.messages, system: config.system, user: config.user, prompt: config.prompt,
        assistant: config.assistant, promptFrom: config.promptFrom, thoughts: config.thoughts,
        specialTokens: config.specialTokens, showsImages: config.images != nil), in: workspace)
    images = try ImageColumns(config.images)
    let showsImages = config.images != nil
    self.showsImages = showsImages
    guard !showsImages || config.messages == nil else {
      throw StageError("images: expected it without 'messages', whose turns have no images, found both")
    }
    split = try SplitColumn(config.split, in: workspace)
    let formats = try showsImages ? Format.showingImages(config.formats) : Format.chosen(config.formats)
    guard config.maxLength ?? 1 > 0 else {
      throw StageError("max_length: expected 1 token or more, found \(config.maxLength ?? 0)")
    }
    let learnsAll = turns.learnsAll
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      shapes: Shape.allCases.filter { shape in
        formats.contains { (showsImages ? $0.shapeOfImages : $0.shape) == shape }
      }.map { shape in
        switch shape {
        case .messages where showsImages: Self.marks(isIndexed: formats.contains(.llamaFactory))
        case .completions where showsImages: Self.shownCompletions
        case .parts: Self.parts
        case .messages: Self.messages(isIndexed: formats.contains(.llamaFactory))
        case .completions: Self.completions(learnsAll: learnsAll)
        }
      },
      validation: workspace.set("validation", as: Columns.self)
    ) { shapes in
      TrainingKit(
        title: "Supervised examples",
        about: [
          "Conversations that end with the answer to be learnt; recipes to train from are in `train*`."
        ],
        task: "text-generation", shapes: shapes,
        recipes: showsImages ? nil : Self.recipes(config, formats, shapes, learnsAll: learnsAll))
    }
    export.images = \.images
  }

  package var reads: [ColumnUse] {
    ColumnUse.joined(ColumnUse.joined(turns.reads, split?.reads ?? []), images.reads)
  }
  package var writes: [ExportTarget] { export.writes }
  package var ownPrompt: Set<PromptPart>? { turns.own }

  /// Validation rows are read as the others are.
  package var sets: [SetRole] {
    Self.sets.map {
      SetRole(
        $0.name, required: false,
        columns: turns.reads.filter { $0.required && $0.others.isEmpty }.map(\.name),
        help: $0.help)
    }
  }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    try await export.write(rows, dropping: sink) {
      try await $1.examples(of: $0, by: split) { try await example(of: $0) }
    }
  }

  private func example(of row: Columns) async throws -> Example {
    let conversation = try await turns.conversation(of: row)
    guard showsImages else { return Example(turns: conversation) }
    let shown = try images.images(of: row)
    return Example(turns: try ExportedImages.marked(conversation, showing: shown), images: shown)
  }

  // MARK: - Shapes

  fileprivate enum Shape: String, CaseIterable {
    case messages, completions
    /// Conversations with images in parts of their turns.
    case parts
  }

  private static func marks(isIndexed: Bool) -> TrainingExport<Example>.Shape {
    .init(
      TrainingShape(
        stem: Shape.messages.rawValue,
        usage:
          "ms-swift and LLaMA-Factory (by `dataset_info.json`), started in this folder: images stand at `<image>` marks.",
        llamaFactory: isIndexed ? ["messages": "messages", "images": "images"] : nil)
    ) { example, _, _ in
      [["messages": .array(example.turns), "images": ExportedImages.paths(example.images)]]
    }
  }

  private static var parts: TrainingExport<Example>.Shape {
    .init(
      TrainingShape(
        stem: Shape.parts.rawValue, usage: "Axolotl (`type: chat_template`), started in this folder.")
    ) { example, _, _ in
      var shown = ExportedImages(example.images)
      return [["messages": .array(example.turns.map { shown.turn($0) }), "images": .null]]
    }
  }

  private static var shownCompletions: TrainingExport<Example>.Shape {
    .init(
      TrainingShape(
        stem: Shape.completions.rawValue,
        usage: "TRL's SFTTrainer, started in this folder, which learns the completion alone.")
    ) { example, _, _ in
      var shown = ExportedImages(example.images)
      let turns = example.turns.map { shown.turn($0) }
      guard let last = turns.last else { return [] }
      return [["prompt": .array(Array(turns.dropLast())), "completion": [last], "images": .null]]
    }
  }

  private static func messages(isIndexed: Bool) -> TrainingExport<Example>.Shape {
    .init(
      TrainingShape(
        stem: Shape.messages.rawValue,
        usage:
          "ms-swift, LLaMA-Factory (by `dataset_info.json`), Axolotl, OpenAI and its like; verl as "
          + "Parquet, which its recipe makes.",
        llamaFactory: isIndexed ? ["messages": "messages"] : nil)
    ) { example, _, _ in [["messages": .array(example.turns)]] }
  }

  private static func completions(learnsAll: Bool) -> TrainingExport<Example>.Shape {
    .init(
      TrainingShape(
        stem: Shape.completions.rawValue,
        usage:
          "TRL's SFTTrainer, which learns the completion alone; a conversation with several answers is a line "
          + "for each.")
    ) { example, _, _ in
      let turns = example.turns
      return turns.indices.filter {
        turns[$0]["role"] == "assistant" && (learnsAll || $0 == turns.count - 1)
      }.map { ["prompt": .array(Array(turns[..<$0])), "completion": [turns[$0]]] }
    }
  }

  private static func recipes(
    _ config: Config, _ formats: [Format], _ shapes: [TrainingShape], learnsAll: Bool
  ) -> TrainingRecipes {
    TrainingRecipes(
      trainers: Set(formats.compactMap(\.trainer)), baseModel: config.baseModel ?? TrainingRecipes.baseModel,
      maxLength: config.maxLength ?? TrainingRecipes.maxLength, learnsLastAlone: !learnsAll,
      targets: shapes.first.map {
        [.init(role: nil, messages: $0, completions: Shape.completions.rawValue)]
      } ?? [])
  }
}

extension ExportSFT.Format {
  /// The one that the trainer reads.
  fileprivate var shape: ExportSFT.Shape {
    switch self {
    case .trl, .openRLHF: .completions
    case .msSwift, .llamaFactory, .axolotl, .verl, .openAI: .messages
    }
  }

  /// The one that it reads of a set with images; nil where there is none.
  fileprivate var shapeOfImages: ExportSFT.Shape? {
    switch self {
    case .trl: .completions
    case .msSwift, .llamaFactory: .messages
    case .axolotl: .parts
    case .verl, .openRLHF, .openAI: nil
    }
  }

  /// Those that are named, or all that read images. Errors: ``StageError`` for one that does not.
  fileprivate static func showingImages(_ formats: [Self]?) throws -> [Self] {
    if let other = formats?.first(where: { $0.shapeOfImages == nil }) {
      throw StageError(
        "formats: expected trl, ms-swift, llama-factory or axolotl with 'images', found \(other.rawValue)")
    }
    return try chosen(formats).filter { $0.shapeOfImages != nil }
  }

  /// Whose recipe it asks for.
  fileprivate var trainer: TrainingRecipes.Trainer? {
    switch self {
    case .trl: .trl
    case .msSwift: .msSwift
    case .llamaFactory: .llamaFactory
    case .axolotl: .axolotl
    case .verl: .verl
    case .openRLHF: .openRLHF
    case .openAI: nil
    }
  }
}
