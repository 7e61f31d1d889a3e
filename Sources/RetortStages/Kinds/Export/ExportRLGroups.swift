internal import OrderedCollections
package import RetortCore

/// Writes groups of rollouts with their rewards, for trainers of one's own and for replay.
package struct ExportRLGroups: SetStage {
  package struct Config: Codable, Sendable {
    package var folder: String
    package var prompt: PromptFile?
    package var system: String?
    package var reward: String?
    package var advantage: String?
    package var weight: String?
    package var columns: [String]?
    package var allowEmpty: Bool?

    enum CodingKeys: String, CodingKey {
      case folder, prompt, system, reward, advantage, weight, columns
      case allowEmpty = "allow_empty"
    }

    package init(
      folder: String, system: String? = nil, reward: String? = nil, advantage: String? = nil,
      weight: String? = nil, columns: [String]? = nil, allowEmpty: Bool? = nil
    ) {
      self.folder = folder
      self.system = system
      self.reward = reward
      self.advantage = advantage
      self.weight = weight
      self.columns = columns
      self.allowEmpty = allowEmpty
    }
  }

  package typealias Input = Columns
  package typealias Output = ExportedFile

  package static let name = "export-rl-groups"
  package static let version = 1
  package static let laterKeys: Set = ["allow_empty"]
  package static let summary =
    "Write the rollouts of each prompt together, with rewards, advantages and weights."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "reward": "The column with the reward; default 'reward'.",
    "advantage": "The column with the advantage, such as 'twyn_advantage' or 'gr3_advantage'; default none.",
    "weight": "The column with the weight of a rollout, such as 'vespo_weight'; default none.",
    "columns": "More columns of each rollout, such as 'length'; default none.",
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(TrainingTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Group>.validation]
  package static let exports = true

  struct Group {
    let name: JSON
    let turns: [JSON]
    var rollouts: [JSON]
  }

  package var reads: [ColumnUse] {
    turns.reads + (["group", "completion"] + numbers.map(\.column) + columns).map { ColumnUse($0) }
  }
  private let export: TrainingExport<Group>
  private let turns: TrainingTurns
  private let numbers: [(key: String, column: String)]
  private let columns: [String]

  package init(_ config: Config, in workspace: Workspace) throws {
    turns = try TrainingTurns(prompt: config.prompt, system: config.system)
    columns = config.columns ?? []
    numbers = [
      ("reward", config.reward ?? "reward"), ("advantage", config.advantage), ("weight", config.weight),
    ].compactMap { key, column in column.map { (key, $0) } }
    let own = ["completion"] + numbers.map(\.key)
    if let taken = columns.first(where: own.contains) {
      throw StageError(
        "columns: expected other columns than \(own), which are written anyway, found '\(taken)'")
    }
    export = TrainingExport(
      folder: ExportFolder(config.folder, in: workspace, allowsEmpty: config.allowEmpty),
      title: "Groups of rollouts",
      about: [
        "Each line is a prompt and its `rollouts`: a completion with its reward, and with the advantage in its group",
        "and the importance weight where the pipeline names them.",
      ], task: "reinforcement-learning", shapes: [Self.shape],
      validation: workspace.set("validation", as: Columns.self))
  }

  package var writes: [ExportTarget] { export.writes }

  package func process(_ rows: RowSet<Columns>, into sink: SetSink<ExportedFile>) async throws {
    var shapes = try await rows.shapes(of: columns)
    if let validation = export.validation {
      shapes = try await validation.shapes(of: columns, joining: shapes)
    }
    let joined = shapes
    try await export.write(rows, into: sink) { rows, answers in
      for members in try await Self.members(of: rows, answers) {
        var group: Group?
        for place in members {
          guard let row = try await rows.page(place.ordinal, 1).first.map({ Columns($0.row.columns) }) else {
            continue
          }
          let read = Result { () throws(BadExample) in try rollout(row, of: &group, joined) }
          if case .failure(let bad) = read { try await answers.bad(place.ordinal, place.id, bad) }
        }
        if let group { try answers.example(group) }
      }
    }
  }

  private typealias Place = (ordinal: Int, id: String)

  /// The rows of each group, in whatever order they come; groups in the order of their first rows.
  private static func members(
    of rows: RowSet<Columns>, _ answers: TrainingExport<Group>.Answers
  ) async throws -> [[Place]] {
    var groups: OrderedDictionary<JSON, [Place]> = [:]
    for try await row in rows {
      if let name = row.value["group"], !name.isNull {
        groups[name, default: []].append((row.ordinal, row.id))
      } else {
        try await answers.bad(
          row.ordinal, row.id, BadExample("no group", "expected a value in 'group', found none"))
      }
    }
    return Array(groups.values)
  }

  private func rollout(
    _ row: Columns, of group: inout Group?, _ shapes: OrderedDictionary<String, ColumnShape>
  ) throws(BadExample) {
    let turns = try turns.turns(of: row)
    if let group, group.turns != turns {
      throw BadExample(
        "mixed group", "expected one prompt in group \(group.name.text), found another than its first row's")
    }
    var rollout: JSON.Object = ["completion": .string(try row.assistantText("completion"))]
    for (key, column) in numbers { rollout[key] = .double(try row.finiteNumber(column)) }
    for name in columns {
      guard let value = row[name], !value.isNull else {
        throw BadExample("no \(name)", "expected a value in '\(name)', which columns: names, found none")
      }
      rollout[name] = shapes[name]?.fit(value) ?? value
    }
    var grown = group ?? Group(name: row["group"] ?? .null, turns: turns, rollouts: [])
    grown.rollouts.append(.object(rollout))
    group = grown
  }

  private static let shape = TrainingExport<Group>.Shape(
    stem: "groups",
    usage: "no trainer by itself. TRL's GRPOTrainer replays it through `rollout_func` (`replay` of "
      + "`retort_rewards.py`), taking the rewards and making the advantages itself."
  ) { group, _, _ in
    let name = group.name.string ?? group.name.text
    return ["group": .string(name), "prompt": .array(group.turns), "rollouts": .array(group.rollouts)]
  }
}
