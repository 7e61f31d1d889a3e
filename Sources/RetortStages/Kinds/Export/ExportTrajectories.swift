internal import OrderedCollections
package import RetortCore

/// Writes conversations in which a model called tools, in the shapes that trainers read.
package struct ExportTrajectories: Exporter {
  package enum Format: String, Codable, Hashable, Sendable, CaseIterable {
    case trl
    case msSwift = "ms-swift"
    case axolotl
    case llamaFactory = "llama-factory"
    case verl
    case openRLHF = "openrlhf"
  }

  /// How the arguments of a call are written: some chat templates take an object, some a text.
  package enum Arguments: String, Codable, Hashable, Sendable, CaseIterable { case objects, text }

  /// What becomes of rollouts that a row's own question was shown after.
  /// How calls and their results stand in a conversation.
  package enum Calls: String, Codable, Hashable, Sendable, CaseIterable {
    /// As turns and fields of their own.
    case turns
    /// As tags in texts.
    case text
  }

  package enum Demonstrations: String, Codable, Hashable, Sendable, CaseIterable { case cut, keep }

  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [Format]?
    package var messages: String?
    package var tools: String?
    package var arguments: Arguments?
    package var thoughts: ThoughtForm?
    package var specialTokens: SpecialTokens?
    package var demonstrations: Demonstrations?
    package var split: String?
    package var allowEmpty: Bool?
    package var images: Bool?
    package var calls: Calls?

    enum CodingKeys: String, CodingKey {
      case folder, formats, messages, tools, arguments, thoughts, split, demonstrations, images, calls
      case specialTokens = "special_tokens"
      case allowEmpty = "allow_empty"
    }

    package init(
      folder: String, formats: [Format]? = nil, arguments: Arguments? = nil, thoughts: ThoughtForm? = nil,
      demonstrations: Demonstrations? = nil, images: Bool? = nil, calls: Calls? = nil
    ) {
      self.calls = calls
      self.demonstrations = demonstrations
      self.images = images
      self.folder = folder
      self.formats = formats
      self.arguments = arguments
      self.thoughts = thoughts
    }
  }

  package typealias Input = Columns

  package static let name = "export-trajectories"
  package static let version = 3
  package static let summary = "Write conversations with calls of tools, for supervised fine-tuning."
  package static let laterKeys: Set = ["demonstrations", "images", "calls"]
  package static let keys = [
    "images":
      "Whether turns may show images: their files are written to images/ beside the set, with <image> marks for ms-swift, LLaMA-Factory and verl and as parts for TRL (Axolotl by 'calls: text'); OpenRLHF reads none; default false.",
    "calls":
      "turns (calls and results as turns of their own, in the form of each trainer) or text (calls as tags in the assistant's text and results as turns of the user, which all trainers read alike; conversations that have them so, as the protocols tags and short record them, are written as they are); default turns.",
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of trl, ms-swift, axolotl, llama-factory, verl, openrlhf; all when left out.",
    "messages":
      "The column with the conversation: turns of system, user, assistant (with tool_calls) and tool; default 'messages'.",
    "tools": "The column with the schemas of the tools, a list or its JSON text; default 'tools'.",
    "arguments":
      "How the arguments of calls are written for TRL, ms-swift and Axolotl: objects, which most chat templates take, or text, which DeepSeek-V3's own does; default objects.",
    "thoughts":
      "What becomes of thoughts: keep (the text as it is), think (every turn of the assistant begins with <think>…</think>, of what was thought in the text or in the message's reasoning_content) or remove; default keep.",
    "demonstrations":
      "What becomes of the rollouts that 'examples' of the stage showed before a row's own question: cut (they are not written, since nothing of them is the model's own) or keep; default cut.",
    "special_tokens":
      "What becomes of a row that quotes a token of chat models, such as <|im_end|>: drop or keep; default drop.",
    SplitColumn.key: SplitColumn.help,
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ]
  package static let sets = [TrainingExport<Trajectory>.validation]
  package static let destinations = [Destination.folder]

  private var export: TrainingExport<Trajectory>
  private let reader: TrajectoryReader
  private let split: SplitColumn?

  package init(_ config: Config, in workspace: Workspace) throws {
    let showsImages = config.images ?? false
    let formats = try Format.chosen(config.formats, images: showsImages)
    let isText = config.calls == .text
    guard !isText || config.arguments == nil else {
      throw StageError("arguments: expected it without 'calls: text', whose calls are texts, found both")
    }
    guard !showsImages || isText || config.formats?.contains(.axolotl) != true else {
      throw StageError(
        "formats: expected 'calls: text' beside axolotl with images, since Axolotl leaves calls of their own out there, "
          + "found it without")
    }
    let objects = config.arguments != .text
    let shapes = Shape.allCases.filter {
      !$0.formats(images: showsImages, text: isText).isDisjoint(with: formats)
    }
    reader = TrajectoryReader(
      messages: config.messages ?? "messages", tools: config.tools ?? "tools",
      thoughts: config.thoughts ?? .keep, tokens: config.specialTokens ?? .drop,
      // Only the text can hold what is no object.
      needsObjects: !isText && (objects || !Set(formats).isSubset(of: Shape.calls.formats)),
      writesTags: isText || !Set(formats).isSubset(of: Shape.calls.formats),
      writesShareGPT: !isText && formats.contains(.llamaFactory),
      keepsDemonstrations: config.demonstrations == .keep, showsImages: showsImages, takesText: isText)
    split = try SplitColumn(config.split, in: workspace)
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      title: "Trajectories",
      about: ["Conversations in which a model called tools, each of which ends with its answer."],
      task: "text-generation",
      shapes: shapes.map {
        isText
          ? $0.text(images: showsImages, isIndexed: formats.contains(.llamaFactory))
          : $0.made(objects, images: showsImages)
      },
      validation: workspace.set("validation", as: Columns.self))
    export.images = \.images
  }

  package var reads: [ColumnUse] {
    [ColumnUse(reader.messages), ColumnUse(reader.tools)] + (split?.reads ?? [])
      + (reader.keepsDemonstrations ? [] : ["turns", "stop_reason"].map { ColumnUse($0, required: false) })
  }
  package var writes: [ExportTarget] { export.writes }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    try await export.write(rows, dropping: sink) { rows, answers in
      let leaders = try await leaders(of: rows)
      for isLeader in [true, false] {
        try await answers.examples(of: rows, by: split, where: { leaders.contains($0) == isLeader }) {
          try reader.trajectory(of: $0)
        }
      }
    }
  }

  private func leaders(of rows: RowSet<Columns>) async throws -> Set<Int> {
    try await CallLeaders.ordinals(of: rows, by: split) { row in
      guard let read = try? reader.trajectory(of: row) else { return false }
      return read.hasCalls && (!reader.showsImages || !read.images.isEmpty)
    }
  }
}

/// The records, named by the stems of their files.
private enum Shape: String, CaseIterable {
  case calls
  /// Calls as ms-swift reads images beside them.
  case marks
  case llamaFactory = "llama-factory"
  case tags
  /// Calls as text with images in parts.
  case parts

  /// Those that read the shape.
  ///
  /// - Parameters:
  ///   - images: whether the set may show some.
  ///   - text: whether calls are text.
  func formats(images: Bool, text: Bool) -> Set<ExportTrajectories.Format> {
    if text {
      switch self {
      case .calls, .llamaFactory: return []
      case .marks: return images ? [.msSwift, .llamaFactory] : []
      case .parts: return images ? [.trl, .axolotl] : []
      case .tags: return images ? [.verl] : Set(ExportTrajectories.Format.allCases)
      }
    }
    return switch self {
    // Axolotl's reader of images leaves calls out without a word.
    case .calls where images: [.trl]
    case .marks: images ? [.msSwift] : []
    case .tags where images: [.verl]
    default: formats
    }
  }

  var formats: Set<ExportTrajectories.Format> {
    switch self {
    case .calls, .marks: [.trl, .msSwift, .axolotl]
    case .llamaFactory: [.llamaFactory]
    case .tags: [.verl, .openRLHF]
    case .parts: []
    }
  }

  /// With calls as text.
  ///
  /// - Parameter isIndexed: whether LLaMA-Factory reads it where it may.
  func text(images: Bool, isIndexed: Bool) -> TrainingExport<Trajectory>.Shape {
    let index = { (columns: JSON.Object) in isIndexed ? columns : nil }
    switch self {
    case .calls, .llamaFactory, .tags:
      guard images else {
        return .init(
          stem: rawValue,
          usage:
            "every trainer, as conversations without tools; verl as Parquet (`tools/to_parquet.py`); calls are text, "
            + "results turns of the user.", llamaFactory: index(["messages": "messages"])
        ) { trajectory, _, _ in trajectory.tags() }
      }
      return .init(
        stem: rawValue,
        usage:
          "verl, as Parquet (`tools/to_parquet.py`), started in this folder; calls are text, results turns of the user."
      ) { trajectory, _, _ in trajectory.tagsOfVerl }
    case .marks:
      return .init(
        stem: rawValue,
        usage:
          "ms-swift and LLaMA-Factory (by `dataset_info.json`), started in this folder: images stand at `<image>` marks; calls "
          + "are text, results turns of the user.",
        llamaFactory: index(["messages": "messages", "images": "images"])
      ) { trajectory, _, _ in trajectory.tags(style: .marks) }
    case .parts:
      return .init(
        stem: rawValue,
        usage:
          "TRL's SFTTrainer with `assistant_only_loss=True` and Axolotl (`type: chat_template`), started in this folder; calls "
          + "are text, results turns of the user."
      ) { trajectory, _, _ in trajectory.tags(style: .parts) }
    }
  }

  func made(_ objects: Bool, images: Bool) -> TrainingExport<Trajectory>.Shape {
    switch self {
    case .marks:
      .init(
        stem: rawValue,
        usage:
          "ms-swift, started in this folder or with `ROOT_IMAGE_DIR` set to it: images stand at `<image>` marks."
      ) { trajectory, _, _ in trajectory.openAI(objects: objects, style: .marks) }
    case .calls:
      .init(
        stem: rawValue,
        usage:
          "TRL's SFTTrainer with `assistant_only_loss=True`, without which it learns the tools' results too; "
          + (images
            ? "started in this folder; it shows a vision model no schemas: prefer `calls: text`."
            : "ms-swift; Axolotl (`type: chat_template`).")
      ) { trajectory, _, _ in trajectory.openAI(objects: objects, style: images ? .parts : nil) }
    case .llamaFactory:
      .init(
        stem: rawValue, usage: "LLaMA-Factory, by `dataset_info.json`.",
        llamaFactory: JSON.Object(
          uniqueKeysWithValues: [
            ("messages", "conversations"), ("system", "system"), ("tools", "tools"),
          ] + (images ? [("images", "images")] : []))
      ) { trajectory, _, _ in trajectory.shareGPT(style: images ? .marks : nil) }
    case .tags:
      .init(
        stem: rawValue,
        usage:
          images
          ? "verl, as Parquet (`tools/to_parquet.py`), started in this folder; calls are text, results turns of the user."
          : "verl, as Parquet (`tools/to_parquet.py`), and OpenRLHF (`--data.input_key messages --data.multiturn "
            + "--data.apply_chat_template`); calls are text, results turns of the user."
      ) { trajectory, _, _ in images ? trajectory.tagsOfVerl : trajectory.tags() }
    case .parts:
      // With calls as text alone.
      text(images: images, isIndexed: false)
    }
  }
}

extension ExportTrajectories.Format {
  /// Those that are named, or all that read such a set. Errors: ``StageError`` for one that does not.
  fileprivate static func chosen(_ formats: [Self]?, images: Bool) throws -> [Self] {
    guard images else { return try chosen(formats) }
    if formats?.contains(.openRLHF) == true {
      throw StageError("formats: expected trainers that read images, found openrlhf, which does not")
    }
    return try chosen(formats).filter { $0 != .openRLHF }
  }
}
