internal import OrderedCollections
internal import RetortCore

/// The records of prompts whose answers may be looked up with tools: one for TRL, verl and OpenRLHF, one for ms-swift.
struct ToolPrompts: Sendable {
  typealias Shape = TrainingExport<ExportRLPrompts.Task>.Shape
  typealias Format = ExportRLPrompts.Format

  /// Keys that the records have beside those of prompts without tools.
  static let taken: Set = [
    "data_source", "ability", "reward_model", "agent_name", "environment", "env_name", "env_config",
    "extra_info", "split", "index", "id", "need_tools_kwargs", "tool_selection", "tools_kwargs", "tools",
  ]

  private let offers: [ToolOffer]
  private let environment: String
  private let source: String
  private let ability: String

  /// Nil without tools. Errors: ``StageError`` for keys that need them.
  init?(
    _ tools: [ToolRef]?, environment: String?, hasSpec: Bool, source: String, ability: String,
    in workspace: Workspace
  ) throws {
    guard let tools else {
      let other = hasSpec ? "spec" : environment == nil ? nil : "environment"
      if let other { throw StageError("\(other): expected the key 'tools' with it, found none") }
      return nil
    }
    guard !tools.isEmpty else { throw StageError("tools: expected at least one tool, found none") }
    offers = try workspace.toolbox(tools).offers
    self.environment = environment ?? "retort"
    self.source = source
    self.ability = ability
  }

  /// - Parameter images: whether prompts may show some, which TRL and verl read in forms of their own.
  func shapes(_ formats: [Format], images: Bool) -> [Shape] {
    let others = formats.filter { $0 != .msSwift }
    let shared = images ? others.map { shown(to: $0) } : others.isEmpty ? [] : [shared]
    return shared + (formats.contains(.msSwift) ? [swift(images: images)] : [])
  }

  private var shared: Shape {
    Shape(
      stem: "tools",
      usage:
        "\(usage(of: .trl)); \(usage(of: .verl)); OpenRLHF (`--data.input_key prompt --data.label_key ground_truth`), "
        + "whose agent is given no more than these."
    ) { task, split, index in .record(fields(task, task.turns, split, index), task.more) }
  }

  private func usage(of format: Format) -> String {
    format == .trl
      ? "TRL's GRPOTrainer with `environment_factory={\"\(environment)\": …}`"
      : "verl, as it is or as parquet (`tools/to_parquet.py`), which takes the tools' schemas from `tool_config_path`"
  }

  /// That of a trainer whose prompts may show images.
  private func shown(to format: Format) -> Shape {
    Shape(stem: format.rawValue, usage: "\(usage(of: format)), started in this folder.") {
      task, split, index in
      guard format == .verl else {
        return .record(fields(task, task.turnsOfParts, split, index), task.more)
      }
      return .record(
        fields(task, task.turns, split, index), task.verlImages.merging(task.more) { $1 })
    }
  }

  /// Trainers want a name where there is no environment, too.
  private func name(for task: ExportRLPrompts.Task) -> String { task.isBare ? "none" : environment }

  private func fields(_ task: ExportRLPrompts.Task, _ turns: [JSON], _ split: String, _ index: Int)
    -> JSON.Object
  {
    [
      "prompt": .array(turns), "data_source": .string(source), "ability": .string(ability),
      "ground_truth": .string(task.reference),
      "reward_model": [
        "style": task.reference.isEmpty ? "model" : "rule", "ground_truth": .string(task.reference),
      ],
      "agent_name": .string(task.isBare ? "single_turn_agent" : "tool_agent"),
      "environment": .string(name(for: task)), "env_name": task.isBare ? .null : .string(environment),
      "extra_info": .record(extra(task, split, index), task.more),
    ]
  }

  /// Every tool is named in every row, and is given the same keys: a key that one row lacked would be null in it.
  private func extra(_ task: ExportRLPrompts.Task, _ split: String, _ index: Int) -> JSON.Object {
    let arguments = offers.map { ($0.name, ["create_kwargs": ["spec": .string(task.spec)]] as JSON) }
    return [
      "split": .string(split), "index": .int(Int64(index)), "id": .string(task.row),
      "need_tools_kwargs": .bool(!task.isBare),
      "tool_selection": .array(task.isBare ? [] : offers.map { .string($0.name) }),
      "tools_kwargs": .object(JSON.Object(uniqueKeysWithValues: arguments)),
    ]
  }

  private func swift(images: Bool) -> Shape {
    // A text, since the schemas of two tools are no one type.
    let tools = JSON.array(offers.map(\.json)).text
    return Shape(
      stem: "ms-swift",
      usage: "ms-swift: `swift rlhf --rlhf_type grpo --dataset FILE` with a gym of the name in `env_config`."
    ) { task, _, _ in
      .record(
        [
          "messages": .array(task.turns), "tools": .string(task.isBare ? "[]" : tools),
          "solution": .string(task.reference),
          "env_config": ["name": .string(name(for: task)), "spec": .string(task.spec)],
        ], (images ? task.swiftImages : [:]).merging(task.more) { $1 })
    }
  }
}
