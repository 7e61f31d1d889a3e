internal import OrderedCollections

/// Writes the training sets of the three roles, in the shapes that trainers read, with recipes to train from.
package struct ExportRoleSets: SetStage {
  package enum Format: String, Codable, Hashable, Sendable, CaseIterable {
    case msSwift = "ms-swift"
    case llamaFactory = "llama-factory"
    case trl, axolotl, messages
  }

  package struct Config: Codable, Sendable {
    package var folder: String
    package var formats: [Format]?
    package var instructions: RoleInstructions?
    package var baseModel: String?

    package init(
      folder: String, formats: [Format]? = nil, instructions: RoleInstructions? = nil,
      baseModel: String? = nil
    ) {
      self.folder = folder
      self.formats = formats
      self.instructions = instructions
      self.baseModel = baseModel
    }

    enum CodingKeys: String, CodingKey {
      case folder, formats, instructions
      case baseModel = "base_model"
    }
  }

  package typealias Input = RoleRow
  package typealias Output = ExportedFile

  package static let name = "export-role-sets"
  package static let version = 1
  package static let summary = "Write the training sets of the three roles, with a dataset card and recipes."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "formats": "Of ms-swift, llama-factory, trl, axolotl, messages; all when left out.",
    "instructions": "Files with the system turns, by role; built-in sentences when left out.",
    "base_model": "The model that the recipes train; meta-llama/Meta-Llama-3-8B-Instruct when left out.",
  ]
  package static let sets = [
    SetRole(
      "validation", required: false, columns: ["question", "question_parsing", "cot", "cot_parsing"],
      help: "Labelled rows that become the validation split.")
  ]
  package static let exports = true

  private let folder: ExportFolder
  private let formats: Set<Format>
  private let instructions: [TrainingRole: String]
  private let baseModel: String
  private let validation: RowSet<RoleRow>?

  package init(_ config: Config, in workspace: Workspace) throws {
    if config.formats?.isEmpty == true {
      throw StageError("formats: expected at least one format, found none; leave it out to write all")
    }
    folder = ExportFolder(config.folder, in: workspace)
    formats = Set(config.formats ?? Format.allCases)
    baseModel = config.baseModel ?? "meta-llama/Meta-Llama-3-8B-Instruct"
    validation = workspace.set("validation", as: RoleRow.self)
    instructions = (config.instructions ?? RoleInstructions()).texts
  }

  package func process(_ rows: RowSet<RoleRow>, into sink: SetSink<ExportedFile>) async throws {
    var written: [ExportedFile] = []
    var splits: [TrainingKit.Split] = []
    // Without training rows there is nothing to validate: only the manifest is written.
    for (split, set) in [("train", Optional(rows)), ("validation", rows.count > 0 ? validation : nil)] {
      let files = try await write(set, split: split, splits: &splits)
      written += files
    }
    splits.sort { ($0.role.order, $0.name) < ($1.role.order, $1.name) }
    if rows.count > 0 {
      let kit = TrainingKit(formats: formats, baseModel: baseModel, splits: splits)
      for (path, text) in kit.files { written.append(try folder.write(text, to: path)) }
    }
    try await folder.finish(
      written, complete: rows.isComplete && validation?.isComplete ?? true, from: Array(0..<rows.count),
      into: sink)
  }

  /// Streams one split into all its files, each row read once.
  private func write(
    _ rows: RowSet<RoleRow>?, split: String, splits: inout [TrainingKit.Split]
  ) async throws -> [ExportedFile] {
    var files: [TrainingRole: [(shape: Shape, writer: JSONLWriter)]] = [:]
    for role in TrainingRole.allCases {
      files[role] = try shapes.map {
        ($0, try folder.writer("\($0.rawValue)/\(role.rawValue)-\(split).jsonl"))
      }
    }
    if let rows {
      for try await element in rows {
        for role in TrainingRole.allCases {
          let examples = element.value.examples(of: role)
          for (shape, writer) in files[role] ?? [] {
            for example in examples { try writer.write(shape.line(instructions[role] ?? "", example)) }
          }
        }
      }
    }
    var written: [ExportedFile] = []
    for role in TrainingRole.allCases {
      let committed = try (files[role] ?? []).compactMap { try $0.writer.commit() }
      if let rows = committed.first?.rows { splits.append(.init(role: role, name: split, rows: rows)) }
      written += committed
    }
    return written
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

extension TrainingRole {
  fileprivate var order: Int { TrainingRole.allCases.firstIndex(of: self) ?? 0 }
}
