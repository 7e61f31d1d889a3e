internal import OrderedCollections
package import RetortCore

/// Writes prompts with what their rewards need, for reinforcement learning that samples its own completions.
package struct ExportRLPrompts: Exporter, PromptShowing {
  package enum Format: String, Codable, Hashable, Sendable, CaseIterable {
    case trl
    case msSwift = "ms-swift"
    case verl
    case openRLHF = "openrlhf"
  }

  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [Format]?
    package var user: String?
    package var prompt: PromptFile?
    package var system: String?
    package var promptFrom: PromptSource?
    package var reference: String?
    package var columns: [String]?
    package var asJSON: [String]?
    package var dataSource: String?
    package var ability: String?
    package var tools: [ToolRef]?
    package var spec: [String]?
    package var environment: String?
    package var allowEmpty: Bool?
    package var images: [String]?
    package var withoutTools: String?

    package enum CodingKeys: String, CodingKey {
      case folder, formats, user, prompt, system, reference, columns, ability, tools, spec, environment,
        images
      case dataSource = "data_source"
      case promptFrom = "prompt_from"
      case asJSON = "as_json"
      case allowEmpty = "allow_empty"
      case withoutTools = "without_tools"
    }

    package init(
      folder: String, formats: [Format]? = nil, system: String? = nil, reference: String? = nil,
      columns: [String]? = nil, dataSource: String? = nil, tools: [ToolRef]? = nil, spec: [String]? = nil,
      environment: String? = nil, allowEmpty: Bool? = nil, images: [String]? = nil,
      withoutTools: String? = nil
    ) {
      self.images = images
      self.withoutTools = withoutTools
      self.tools = tools
      self.spec = spec
      self.environment = environment
      self.folder = folder
      self.formats = formats
      self.system = system
      self.reference = reference
      self.columns = columns
      self.dataSource = dataSource
      self.allowEmpty = allowEmpty
    }
  }

  package typealias Input = Columns

  package static let name = "export-rl-prompts"
  package static let version = 1
  package static let laterKeys: Set = [
    "allow_empty", "as_json", PromptSource.key, "user", "tools", "spec", "environment", "without_tools",
    ImageColumns.key,
  ]
  package static let summary = "Write prompts with their known answers, for reinforcement learning."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of trl, ms-swift, verl, openrlhf; all when left out.",
    "reference":
      "The column with the known answer, a text or JSON; default 'reference', or no answer where a row has none.",
    "columns": "More columns that the reward function is given, such as 'kind'; default none.",
    "data_source": "What verl chooses a reward function by; default 'retort'.",
    "ability": "What verl reports results by; default 'reasoning'.",
    "tools":
      "Tools of the file that the trained model may call: the records say which, and TRL, verl and OpenRLHF share one file; default none.",
    "spec":
      "With tools: columns that an environment sets up a row's tools by, written as one JSON text; default none.",
    "environment": "With tools: the name of the environment that plays them; default 'retort'.",
    ImageColumns.key:
      "Columns with images that the user's last turn shows; their files are written to images/ beside the set, and prompts that differ in an image are two; for TRL, ms-swift and verl, each in a file of its own; OpenRLHF reads none. Default none.",
    "without_tools":
      "With tools: a column; rows in which it is true are answered without them, so that a model does not forget how: no tool is named there, env_name is null, and environment and env_config say 'none', since trainers want a name.",
    "as_json": AsJSON.help,
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(TrainingTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Task>.validation]
  package static let destinations = [Destination.folder]

  struct Task: Hashable {
    /// With a mark for each of the images.
    let turns: [JSON]
    var images: [ImageReference] = []
    /// Those and the ones that its tools are set up by, whose files are written.
    var files: [ImageReference] = []
    /// Empty where there is none.
    let reference: String
    let more: JSON.Object
    /// What the row's tools are set up by; JSON as text.
    let spec: String
    /// Whether it is to be answered without tools.
    var isBare = false
    /// The row that it was first found in.
    var row = ""
  }

  package var reads: [ColumnUse] {
    turns.reads + [ColumnUse(reference ?? "reference", required: reference != nil)]
      + (columns + spec.filter { !columns.contains($0) }).map { ColumnUse($0) } + images.reads
      + (withoutTools.map { [ColumnUse($0, required: false)] } ?? [])
  }
  private var export: TrainingExport<Task>
  private var turns: TrainingTurns
  private let images: ImageColumns
  private let showsImages: Bool
  private let withoutTools: String?
  private let reference: String?
  private let columns: [String]
  private let spec: [String]
  private let asJSON: [String]

  package init(_ config: Config, in workspace: Workspace) throws {
    turns = try TrainingTurns(
      from: config.promptFrom, user: config.user, prompt: config.prompt, system: config.system,
      hiding: config.reference.map { [$0] } ?? [], in: workspace)
    reference = config.reference
    columns = config.columns ?? []
    asJSON = try AsJSON.checked(config.asJSON, in: columns)
    spec = config.spec ?? []
    images = try ImageColumns(config.images)
    showsImages = config.images != nil
    withoutTools = config.withoutTools
    guard withoutTools == nil || config.tools != nil else {
      throw StageError("without_tools: expected the key 'tools' with it, found none")
    }
    turns.showsImages = showsImages
    let formats = try Format.chosen(config.formats, images: showsImages)
    let (source, ability) = (config.dataSource ?? "retort", config.ability ?? "reasoning")
    let offered = try ToolPrompts(
      config.tools, environment: config.environment, hasSpec: config.spec != nil, source: source,
      ability: ability, in: workspace)
    for format in formats {
      let names = format.taken.union(offered == nil ? [] : ToolPrompts.taken).union(
        showsImages ? ["images"] : [])
      if let taken = columns.first(where: names.contains) {
        throw StageError(
          "columns: expected no column of a name that \(format.rawValue) gives a meaning of its own, found "
            + "'\(taken)'; give it another name under 'as:' of the stage that adds it")
      }
    }
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty), title: "Prompts",
      about: [
        "Prompts with their known answers; the trainer samples completions, and a function rewards them."
      ],
      task: "reinforcement-learning",
      shapes: offered?.shapes(formats, images: config.images != nil)
        ?? formats.map { $0.shape(source: source, ability: ability, images: config.images != nil) },
      validation: workspace.set("validation", as: Columns.self))
    export.images = \.files
  }

  package var writes: [ExportTarget] { export.writes }
  package var ownPrompt: Set<PromptPart>? { turns.own }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    var shapes = try await rows.shapes(of: columns, asJSON: asJSON)
    if let validation = export.validation {
      shapes = try await validation.shapes(of: columns, asJSON: asJSON, joining: shapes)
    }
    let joined = shapes
    return try await export.write(rows, dropping: sink) { rows, answers in
      // Rollouts of one prompt are one task.
      var seen: [JSON: (task: Task, row: String)] = [:]
      func prompt(_ task: Task) -> JSON {
        task.images.isEmpty
          ? .array(task.turns) : [.array(task.turns), .array(task.images.map { .string($0.name) })]
      }
      for try await row in rows {
        switch try await BadRow.result({ try await task(row.value, joined) }) {
        case .failure(let bad): try await answers.bad(row.ordinal, row.id, bad)
        case .success(let task):
          if let first = seen[prompt(task)] {
            guard first.task == task else { throw Self.disagreement(first, task, row.id) }
          } else {
            seen[prompt(task)] = (task, row.id)
            var named = task
            named.row = row.id
            try answers.example(named)
          }
        }
      }
    }
  }

  private func task(_ row: Columns, _ shapes: OrderedDictionary<String, ColumnShape>) async throws -> Task {
    var more: JSON.Object = [:]
    for name in columns {
      guard let value = row[name], !value.isNull else {
        throw BadRow("no \(name)", "expected a value in '\(name)', which columns: names, found none")
      }
      more[name] = shapes[name]?.fit(value) ?? value
    }
    var values = JSON.Object(uniqueKeysWithValues: spec.map { ($0, row[$0] ?? .null) })
    let isBare = withoutTools.map { row[$0] == true } ?? false
    guard showsImages else {
      return Task(
        turns: try await turns.turns(of: row), reference: try known(row), more: more,
        spec: JSON.object(values).text, isBare: isBare)
    }
    let shown = try images.images(of: row)
    var files = shown
    for (name, value) in values { values[name] = ExportedImages.filed(value, &files) }
    for (name, value) in more { more[name] = ExportedImages.filed(value, &files) }
    return Task(
      turns: try ExportedImages.marked(try await turns.turns(of: row), showing: shown), images: shown,
      files: files, reference: try known(row), more: more, spec: JSON.object(values).text, isBare: isBare)
  }

  private func known(_ row: Columns) throws(BadRow) -> String {
    switch row[reference ?? "reference"] {
    case .string(let text): return text
    case nil, .null:
      guard let reference else { return "" }
      throw BadRow("no reference", "expected the known answer in '\(reference)', found none")
    case let value?: return value.text
    }
  }

  private static func disagreement(_ first: (task: Task, row: String), _ task: Task, _ row: String)
    -> StageError
  {
    let names = task.more.keys.filter { task.more[$0] != first.task.more[$0] }
    let other = task.spec == first.task.spec ? "reference" : "value of 'spec'"
    return StageError(
      "columns: expected one value for each prompt, found another \(names.first.map { "'\($0)'" } ?? other) "
        + "in row \(row) than in row \(first.row), whose prompt is the same; name columns of the question alone"
    )
  }
}

extension ExportRLPrompts.Task {
  /// The turns as parts, each image in its own.
  var turnsOfParts: [JSON] {
    var shown = ExportedImages(images)
    return turns.map { shown.turn($0) }
  }

  /// What verl reads beside a conversation with marks.
  var verlImages: JSON.Object {
    ["images": .array(images.map { ["image": .string(ExportedImages.path($0))] })]
  }

  /// What ms-swift reads beside it.
  var swiftImages: JSON.Object { ["images": ExportedImages.paths(images)] }
}

extension ExportRLPrompts.Format {
  /// Names of columns that the trainer takes for something else.
  fileprivate var taken: Set<String> {
    switch self {
    case .trl:
      [
        "prompt", "prompts", "completion", "completions", "completion_ids", "ground_truth", "image", "images",
        "trainer_state", "log_extra", "log_metric", "environments",
      ]
    case .msSwift:
      [
        "messages", "conversation", "conversations", "system", "system_prompt", "query", "prompt", "input",
        "instruction", "question", "problem", "response", "answer", "output", "targets", "target",
        "answer_key",
        "answers", "solution", "text", "completion", "content", "label", "images", "videos", "audios",
        "tools",
      ]
    case .verl: ["split", "index"]
    case .openRLHF: ["ground_truth", "data_source"]
    }
  }

  /// Those that are named, or all that read such a set. Errors: ``StageError`` for one that does not.
  fileprivate static func chosen(_ formats: [Self]?, images: Bool) throws -> [Self] {
    guard images else { return try chosen(formats) }
    if formats?.contains(.openRLHF) == true {
      throw StageError("formats: expected trainers that read images, found openrlhf, which does not")
    }
    return try chosen(formats).filter { $0 != .openRLHF }
  }

  fileprivate func shape(source: String, ability: String, images: Bool)
    -> TrainingExport<ExportRLPrompts.Task>.Shape
  {
    let here = images ? " (started in this folder)" : ""
    return switch self {
    case .trl:
      .init(
        stem: rawValue,
        usage:
          "TRL's GRPOTrainer\(here); `ground_truth` and the other keys are lists among the reward function's arguments."
      ) { task, _, _ in
        .record(
          [
            "prompt": .array(images ? task.turnsOfParts : task.turns),
            "ground_truth": .string(task.reference),
          ],
          task.more)
      }
    case .msSwift:
      .init(
        stem: rawValue,
        usage:
          "ms-swift\(here): `swift rlhf --rlhf_type grpo --strict true --dataset FILE --external_plugins "
          + "retort_rewards.py --reward_funcs retort_twyn`."
      ) { task, _, _ in
        .record(
          ["messages": .array(task.turns), "solution": .string(task.reference)],
          (images ? task.swiftImages : [:]).merging(task.more) { $1 })
      }
    case .verl:
      .init(
        stem: rawValue,
        usage:
          "verl\(here), as it is or as parquet (`tools/to_parquet.py`), with `compute_score` of `retort_rewards.py` and "
          + "`algorithm.adv_estimator=retort_twyn`."
      ) { task, split, index in
        .record(
          [
            "data_source": .string(source), "prompt": .array(task.turns), "ability": .string(ability),
            "reward_model": [
              "style": task.reference.isEmpty ? "model" : "rule", "ground_truth": .string(task.reference),
            ],
            "extra_info": .record(["split": .string(split), "index": .int(Int64(index))], task.more),
          ], images ? task.verlImages : [:])
      }
    case .openRLHF:
      .init(
        stem: rawValue,
        usage:
          "OpenRLHF: `--data.input_key prompt --data.label_key label --data.apply_chat_template`; `label` is "
          + "JSON text, since nothing else reaches its reward function."
      ) { task, _, _ in
        let label = JSON.record(
          ["ground_truth": .string(task.reference), "data_source": .string(source)], task.more)
        return ["prompt": .array(task.turns), "label": .string(label.text)]
      }
    }
  }
}
