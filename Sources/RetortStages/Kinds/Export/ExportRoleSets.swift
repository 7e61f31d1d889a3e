internal import OrderedCollections
package import RetortCore

/// Writes the training sets of the three roles, in the shapes that trainers read, with recipes to train from.
package struct ExportRoleSets: Exporter {
  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [TrainingFormat]?
    package var instructions: RoleInstructions?
    package var baseModel: String?
    package var allowEmpty: Bool?

    package init(
      folder: String, formats: [TrainingFormat]? = nil, instructions: RoleInstructions? = nil,
      baseModel: String? = nil, allowEmpty: Bool? = nil
    ) {
      self.folder = folder
      self.formats = formats
      self.instructions = instructions
      self.baseModel = baseModel
      self.allowEmpty = allowEmpty
    }

    enum CodingKeys: String, CodingKey {
      case folder, formats, instructions
      case baseModel = "base_model"
      case allowEmpty = "allow_empty"
    }
  }

  package typealias Input = RoleRow

  package static let name = "export-role-sets"
  package static let version = 1
  package static let laterKeys: Set = ["allow_empty"]
  package static let summary = "Write the training sets of the three roles, with a dataset card and recipes."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of ms-swift, llama-factory, trl, axolotl, messages; all when left out.",
    "instructions":
      "Files with the system turns, by role; when left out, the tasks under `using`, else built-in sentences.",
    "base_model": "The model that the recipes train; meta-llama/Meta-Llama-3-8B-Instruct when left out.",
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ]
  package static let sets =
    [
      SetRole(
        "validation", required: false, columns: ["question", "question_parsing", "cot", "cot_parsing"],
        help: "Labelled rows that become the validation split.")
    ] + RoleSystemTurns.sets
  package static let destinations = [Destination.folder]

  private let folder: ExportFolder
  private let formats: Set<TrainingFormat>
  private let systems: RoleSystemTurns
  private let baseModel: String
  private let validation: RowSet<RoleRow>?

  package init(_ config: Config, in workspace: Workspace) throws {
    if config.formats?.isEmpty == true {
      throw StageError("formats: expected at least one format, found none; leave it out to write all")
    }
    folder = ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty)
    formats = Set(config.formats ?? TrainingFormat.allCases)
    baseModel = config.baseModel ?? "meta-llama/Meta-Llama-3-8B-Instruct"
    validation = workspace.set("validation", as: RoleRow.self)
    systems = try RoleSystemTurns(config.instructions, in: workspace)
  }

  package func export(_ rows: RowSet<RoleRow>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    let train = try await write(rows, split: "train")
    // Without training rows there is nothing to validate: only the manifest is written.
    let held = try await write(rows.count > 0 ? validation : nil, split: "validation")
    let splits = TrainingRole.allCases.flatMap { role in
      [("train", train), ("validation", held)].compactMap { name, files -> TrainingKit.Split? in
        let count = files.first { $0.role == role }?.writer.rows ?? 0
        return count > 0 ? .init(role: role, name: name, rows: count) : nil
      }
    }
    let texts =
      rows.count > 0 ? TrainingKit(formats: formats, baseModel: baseModel, splits: splits).files : []
    return try await folder.finish(
      (train + held).map(\.writer), training: train.map(\.writer), texts: texts,
      complete: rows.isComplete && validation?.isComplete ?? true)
  }

  /// Every file that it may write, or that an earlier run may have written.
  package var writes: [ExportTarget] {
    let splits = TrainingRole.allCases.flatMap { role in
      ["train", "validation"].map { TrainingKit.Split(role: role, name: $0, rows: 1) }
    }
    let kit = TrainingKit(formats: formats, baseModel: baseModel, splits: splits).files.map(\.path)
    let sets = splits.flatMap { split in shapes.map { path($0, split.role, split.name) } }
    return folder.targets(sets + kit)
  }

  private typealias SetFile = (role: TrainingRole, shape: Shape, writer: JSONLWriter)

  private func path(_ shape: Shape, _ role: TrainingRole, _ split: String) -> String {
    "\(shape.rawValue)/\(role.rawValue)-\(split).jsonl"
  }

  /// Streams one split into all its files, each row read once.
  private func write(_ rows: RowSet<RoleRow>?, split: String) async throws -> [SetFile] {
    var files: [SetFile] = []
    for role in TrainingRole.allCases {
      for shape in shapes { files.append((role, shape, try await folder.writer(path(shape, role, split)))) }
    }
    guard let rows else { return files }
    let instructions = try await systems.texts
    for try await element in rows {
      for role in TrainingRole.allCases {
        let examples = element.value.examples(of: role)
        for file in files where file.role == role {
          for example in examples {
            try file.writer.write(file.shape.line(instructions[role] ?? "", example))
          }
        }
      }
    }
    return files
  }

  /// `sft` always: everything but TRL reads it.
  private var shapes: [Shape] {
    [.messages] + (formats.contains(.trl) ? [.promptCompletion] : [])
      + (formats.contains(.msSwift) ? [.queryResponse] : [])
  }
}

/// The record shapes, named by their folders. One shape a file: trainers guess the kind of a set from its keys.
private enum Shape: String {
  case messages = "sft"
  case promptCompletion = "sft_trl"
  case queryResponse = "lim"

  func line(_ system: String, _ example: RolePrompt) -> JSON {
    let prompt: [JSON] = [turn("system", system), turn("user", example.user)]
    let answer = turn("assistant", example.target)
    return switch self {
    case .messages: ["messages": .array(prompt + [answer])]
    case .promptCompletion: ["prompt": .array(prompt), "completion": [answer]]
    case .queryResponse:
      ["system": .string(system), "query": .string(example.user), "response": .string(example.target)]
    }
  }

  private func turn(_ role: String, _ content: String) -> JSON {
    ["role": .string(role), "content": .string(content)]
  }
}
