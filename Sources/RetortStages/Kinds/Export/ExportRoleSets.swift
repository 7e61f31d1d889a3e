internal import OrderedCollections
package import RetortCore

/// Writes the training sets of a structure's roles, in the shapes that trainers read, with recipes to train from.
package struct ExportRoleSets: Exporter {
  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [TrainingFormat]?
    package var instructions: RoleInstructions?
    package var baseModel: String?
    package var allowEmpty: Bool?
    package var structure: StructureFile?

    package init(
      folder: String, formats: [TrainingFormat]? = nil, instructions: RoleInstructions? = nil,
      baseModel: String? = nil, allowEmpty: Bool? = nil, structure: StructureFile? = nil
    ) {
      self.folder = folder
      self.formats = formats
      self.instructions = instructions
      self.baseModel = baseModel
      self.allowEmpty = allowEmpty
      self.structure = structure
    }

    enum CodingKeys: String, CodingKey {
      case folder, formats, instructions, structure
      case baseModel = "base_model"
      case allowEmpty = "allow_empty"
    }
  }

  /// A row; which of its columns are read, the structure says.
  package typealias Input = Columns

  package static let name = "export-role-sets"
  package static let version = 1
  package static let laterKeys: Set = ["allow_empty", "structure"]
  package static let summary = "Write the training sets of the three roles, with a dataset card and recipes."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of ms-swift, llama-factory, trl, axolotl, messages; all when left out.",
    "instructions":
      "Files with the system turns, by role; when left out, the tasks under `using`, else built-in sentences.",
    "base_model": "The model that the recipes train; meta-llama/Meta-Llama-3-8B-Instruct when left out.",
    "structure":
      "Structure file with the roles, their system turns and acts, and the columns to read; default the task's own.",
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
  private let form: StructureForm
  private let isGiven: Bool
  private let baseModel: String
  private let validation: RowSet<Columns>?

  package var reads: [ColumnUse] { form.structure.roleReads }

  package var sets: [SetRole] {
    Self.sets.map { role in
      guard isGiven, role.name == "validation" else { return role }
      let columns = reads.filter(\.required).map(\.name)
      return SetRole(role.name, required: role.required, columns: columns, help: role.help)
    }
  }

  package init(_ config: Config, in workspace: Workspace) throws {
    if config.formats?.isEmpty == true {
      throw StageError("formats: expected at least one format, found none; leave it out to write all")
    }
    folder = ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty)
    formats = Set(config.formats ?? TrainingFormat.allCases)
    baseModel = config.baseModel ?? "meta-llama/Meta-Llama-3-8B-Instruct"
    validation = workspace.set("validation", as: Columns.self)
    isGiven = config.structure != nil
    let structure = config.structure?.structure ?? .reasoning
    form = StructureForm(structure, lists: structure.roleReads.map(\.name))
    if isGiven { try Self.refuse(config, in: workspace) }
    systems = try RoleSystemTurns(config.instructions, in: workspace)
  }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    let train = try await write(rows, split: "train")
    // Without training rows there is nothing to validate: only the manifest is written.
    let held = try await write(rows.count > 0 ? validation : nil, split: "validation")
    let splits = roles.flatMap { role in
      [("train", train), ("validation", held)].compactMap { name, files -> TrainingKit.Split? in
        let count = files.first { $0.role == role }?.writer.rows ?? 0
        return count > 0 ? .init(role: role, name: name, rows: count) : nil
      }
    }
    let texts =
      rows.count > 0 ? kit(splits) : []
    return try await folder.finish(
      (train + held).map(\.writer), training: train.map(\.writer), texts: texts,
      complete: rows.isComplete && validation?.isComplete ?? true)
  }

  /// Every file that it may write, or that an earlier run may have written.
  package var writes: [ExportTarget] {
    let splits = roles.flatMap { role in
      ["train", "validation"].map { TrainingKit.Split(role: role, name: $0, rows: 1) }
    }
    let kit = kit(splits).map(\.path)
    let sets = splits.flatMap { split in shapes.map { path($0, split.role, split.name) } }
    return folder.targets(sets + kit)
  }

  private typealias SetFile = (role: String, shape: Shape, writer: JSONLWriter)

  private func path(_ shape: Shape, _ role: String, _ split: String) -> String {
    "\(shape.rawValue)/\(role)-\(split).jsonl"
  }

  /// Streams one split into all its files, each row read once.
  private func write(_ rows: RowSet<Columns>?, split: String) async throws -> [SetFile] {
    var files: [SetFile] = []
    for role in roles {
      for shape in shapes { files.append((role, shape, try await folder.writer(path(shape, role, split)))) }
    }
    guard let rows else { return files }
    let turns = try await turns
    for try await element in rows {
      let row = try structured(element.value)
      for (name, role) in form.structure.roles?.values ?? [:] {
        let examples = form.structure.examples(of: role, in: row)
        for file in files where file.role == name {
          for example in examples {
            try file.writer.write(file.shape.line(turns[name] ?? role.system, example))
          }
        }
      }
    }
    return files
  }

  private var roles: [String] { form.structure.roles?.names ?? [] }

  private func kit(_ splits: [TrainingKit.Split]) -> [(path: String, text: String)] {
    TrainingKit(
      formats: formats, baseModel: baseModel, roles: roles, about: isGiven ? about : Self.about,
      splits: splits
    ).files
  }

  private static let about = [
    "Supervised examples for three roles that read logical reasoning: one lists a question's conditions, one",
    "takes a chain of thought apart into statements and evidence, one says whether evidence entails a statement.",
  ]

  private var about: [String] { ["Supervised examples for the roles \(roles.listed("and"))."] }

  /// The system turns of the task's own roles, which files and tasks may replace.
  private var turns: [String: String] {
    get async throws {
      guard !isGiven else { return [:] }
      return Dictionary(uniqueKeysWithValues: try await systems.texts.map { ($0.key.rawValue, $0.value) })
    }
  }

  private func structured(_ row: Columns) throws -> StructuredRow {
    isGiven
      ? try form.structuredRow(row.values) : try JSON.object(row.values).decode(RoleRow.self).structured
  }

  /// What speaks of the task's own roles.
  private static func refuse(_ config: Config, in workspace: Workspace) throws {
    var mistakes: [StageError] = []
    if config.structure?.structure.roles == nil {
      mistakes.append(StageError("structure: expected one with roles, found none in it", at: ["structure"]))
    }
    mistakes += RoleSystemTurns.mistakes(config.instructions, in: workspace)
    if !mistakes.isEmpty { throw StageErrors(mistakes) }
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
