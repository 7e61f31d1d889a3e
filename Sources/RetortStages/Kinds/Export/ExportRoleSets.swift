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
  package static let version = 2
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

  struct Example {
    let role: String
    let system: String
    let prompt: RolePrompt
  }

  private let export: TrainingExport<Example>
  private let systems: RoleSystemTurns
  private let form: StructureForm
  private let isGiven: Bool

  package var reads: [ColumnUse] { form.structure.roleReads }

  package var sets: [SetRole] {
    Self.sets.map { role in
      guard isGiven, role.name == "validation" else { return role }
      let columns = reads.filter(\.required).map(\.name)
      return SetRole(role.name, required: role.required, columns: columns, help: role.help)
    }
  }

  package init(_ config: Config, in workspace: Workspace) throws {
    let formats = Set(try TrainingFormat.chosen(config.formats))
    isGiven = config.structure != nil
    let structure = config.structure?.structure ?? .reasoning
    form = StructureForm(structure, lists: structure.roleReads.map(\.name))
    if isGiven { try Self.refuse(config, in: workspace) }
    systems = try RoleSystemTurns(config.instructions, in: workspace)
    let roles = structure.roles?.names ?? []
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      shapes: roles.flatMap { role in
        Shape.all(formats).map { $0.ofRole(role, isIndexed: formats.contains(.llamaFactory)) }
      },
      validation: workspace.set("validation", as: Columns.self)
    ) { shapes in
      Self.kit(
        shapes, about: config.structure == nil ? Self.about : Self.about(roles),
        recipes: TrainingRecipes(
          trainers: Set(formats.compactMap(\.trainer)),
          baseModel: config.baseModel ?? TrainingRecipes.baseModel,
          maxLength: TrainingRecipes.maxLength,
          targets: roles.compactMap { role in
            shapes.first { $0.stem == Shape.messages.stem(role) }.map {
              .init(role: role, messages: $0, completions: Shape.promptCompletion.stem(role))
            }
          }))
    }
  }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    let turns = try await turns
    return try await export.write(rows, dropping: sink) { rows, answers in
      for try await element in rows {
        let row = try structured(element.value)
        for (name, role) in form.structure.roles?.values ?? [:] {
          for prompt in form.structure.examples(of: role, in: row) {
            try answers.example(Example(role: name, system: turns[name] ?? role.system, prompt: prompt))
          }
        }
      }
    }
  }

  package var writes: [ExportTarget] { export.writes }

  private static func kit(
    _ shapes: [TrainingShape], about: [String], recipes: TrainingRecipes
  ) -> TrainingKit {
    TrainingKit(
      title: "Role sets", about: about, task: "text-generation", shapes: shapes, recipes: recipes,
      listed: recipes.targets.map(\.messages.stem)
    ) { sets in
      ["| role | split | rows |", "| --- | --- | --- |"]
        + sets.flatMap { set in
          let role = recipes.targets.first { $0.messages == set.shape }?.role ?? ""
          return set.splits.map { "| \(role) | \($0.name) | \($0.rows) |" }
        } + [
          "", "Each line of `sft/` is `{\"messages\": [system, user, assistant]}`; the answer is JSON text.",
        ]
    }
  }

  private static let about = [
    "Supervised examples for three roles that read logical reasoning: one lists a question's conditions, one",
    "takes a chain of thought apart into statements and evidence, one says whether evidence entails a statement.",
  ]

  private static func about(_ roles: [String]) -> [String] {
    ["Supervised examples for the roles \(roles.listed("and"))."]
  }

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
}

extension TrainingFormat {
  /// Whose recipe it asks for.
  fileprivate var trainer: TrainingRecipes.Trainer? {
    switch self {
    case .msSwift: .msSwift
    case .llamaFactory: .llamaFactory
    case .trl: .trl
    case .axolotl: .axolotl
    case .messages: nil
    }
  }
}

/// The record shapes, named by their folders.
private enum Shape: String {
  case messages = "sft"
  case promptCompletion = "sft_trl"
  case queryResponse = "lim"

  /// `sft` always: everything but TRL reads it.
  static func all(_ formats: Set<TrainingFormat>) -> [Shape] {
    [.messages] + (formats.contains(.trl) ? [.promptCompletion] : [])
      + (formats.contains(.msSwift) ? [.queryResponse] : [])
  }

  func stem(_ role: String) -> String { "\(rawValue)/\(role)" }

  func ofRole(_ role: String, isIndexed: Bool) -> TrainingExport<ExportRoleSets.Example>.Shape {
    .init(
      TrainingShape(
        stem: stem(role), name: "\(rawValue)_\(role)",
        llamaFactory: self == .messages && isIndexed ? ["messages": "messages"] : nil)
    ) { example, _, _ in
      example.role == role ? [line(example.system, example.prompt)] : []
    }
  }

  private func line(_ system: String, _ example: RolePrompt) -> JSON {
    let prompt = [TrainingTurns.turn("system", system), TrainingTurns.turn("user", example.user)]
    let answer = TrainingTurns.assistant(example.target)
    return switch self {
    case .messages: ["messages": .array(prompt + [answer])]
    case .promptCompletion: ["prompt": .array(prompt), "completion": [answer]]
    case .queryResponse:
      ["system": .string(system), "query": .string(example.user), "response": .string(example.target)]
    }
  }
}
