internal import OrderedCollections
package import RetortCore

/// Writes groups of rollouts with their rewards, for trainers of one's own and for replay.
package struct ExportRLGroups: Exporter, PromptShowing {
  package struct Config: Codable, Sendable {
    package var folder: String
    package var user: String?
    package var prompt: PromptFile?
    package var system: String?
    package var promptFrom: PromptSource?
    package var reward: String?
    package var advantage: String?
    package var weight: String?
    package var columns: [String]?
    package var asJSON: [String]?
    package var setAside: String?
    package var allowEmpty: Bool?

    enum CodingKeys: String, CodingKey {
      case folder, user, prompt, system, reward, advantage, weight, columns
      case promptFrom = "prompt_from"
      case asJSON = "as_json"
      case setAside = "set_aside"
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

  package static let name = "export-rl-groups"
  package static let version = 1
  package static let laterKeys: Set = ["allow_empty", "as_json", "set_aside", PromptSource.key, "user"]
  package static let summary =
    "Write the rollouts of each prompt together, with rewards, advantages and weights."
  package static let keys = [
    "folder": "Where to write, relative to the pipeline file.",
    "reward": "The column with the reward; default 'reward'.",
    "advantage": "The column with the advantage, such as 'twyn_advantage' or 'gr3_advantage'; default none.",
    "weight": "The column with the weight of a rollout, such as 'vespo_weight'; default none.",
    "set_aside":
      "The column that is true in rows to leave out, as rescale-group-reward writes it; default 'gr3_set_aside'.",
    "columns": "More columns of each rollout, such as 'length'; default none.",
    "as_json": AsJSON.help,
    "allow_empty":
      "Whether files of an earlier run give way to none when there are no rows now; default false.",
  ].merging(TrainingTurns.help) { own, _ in own }
  package static let sets = [TrainingExport<Group>.validation]
  package static let destinations = [Destination.folder]

  struct Group {
    let name: JSON
    let turns: [JSON]
    var rollouts: [JSON]
  }

  package var reads: [ColumnUse] {
    turns.reads + [ColumnUse("group"), ColumnUse("completion", or: ["messages"])]
      + (numbers.map(\.column) + columns).map { ColumnUse($0) }
      + [setAside, "messages", "turns", "stop_reason"].map { ColumnUse($0, required: false) }
  }
  private let export: TrainingExport<Group>
  private let turns: TrainingTurns
  private let numbers: [(key: String, column: String)]
  private let columns: [String]
  private let asJSON: [String]
  private let setAside: String

  package init(_ config: Config, in workspace: Workspace) throws {
    turns = try TrainingTurns(
      from: config.promptFrom, user: config.user, prompt: config.prompt, system: config.system, in: workspace)
    columns = config.columns ?? []
    asJSON = try AsJSON.checked(config.asJSON, in: columns)
    setAside = config.setAside ?? "gr3_set_aside"
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
  package var ownPrompt: Set<PromptPart>? { turns.own }

  package func export(_ rows: RowSet<Columns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
    var shapes = try await rows.shapes(of: columns, asJSON: asJSON)
    if let validation = export.validation {
      shapes = try await validation.shapes(of: columns, asJSON: asJSON, joining: shapes)
    }
    let joined = shapes
    return try await export.write(rows, dropping: sink) { rows, answers in
      var open = OpenGroups(try await Self.names(of: rows, answers))
      for try await row in rows {
        guard let name = Self.name(of: row.value) else { continue }
        let prompt = try await BadRow.result { try await turns.turns(of: row.value) }
        open.add(to: name) { group in
          do throws(BadRow) { try rollout(row.value, try prompt.get(), of: &group.value, joined) } catch {
            group.bad.append((row.ordinal, row.id, error))
          }
        }
        while let whole = open.next() {
          for (ordinal, id, bad) in whole.bad { try await answers.bad(ordinal, id, bad) }
          if let group = whole.value { try answers.example(group) }
        }
      }
    }
  }

  private static func name(of row: Columns) -> JSON? {
    if let name = row["group"], !name.isNull { name } else { nil }
  }

  /// The groups of the rows, each as often as it has rows; in the order of their first ones.
  private static func names(
    of rows: RowSet<Columns>, _ answers: TrainingExport<Group>.Answers
  ) async throws -> OrderedDictionary<JSON, Int> {
    var names: OrderedDictionary<JSON, Int> = [:]
    for try await row in rows {
      if let name = name(of: row.value) {
        names[name, default: 0] += 1
      } else {
        try await answers.bad(
          row.ordinal, row.id, BadRow("no group", "expected a value in 'group', found none"))
      }
    }
    return names
  }

  /// Groups whose rows come in any order, handed out in the order of their first rows: a group that is whole waits for
  /// those before it, and is let go of with them.
  private struct OpenGroups {
    struct Open {
      var missing: Int
      var value: Group?
      var bad: [(ordinal: Int, id: String, why: BadRow)] = []
    }

    private let order: [JSON]
    private var place = 0
    private var open: [JSON: Open]

    /// `counts`: the rows of each group.
    init(_ counts: OrderedDictionary<JSON, Int>) {
      order = Array(counts.keys)
      open = Dictionary(uniqueKeysWithValues: counts.map { ($0.key, Open(missing: $0.value)) })
    }

    mutating func add(to name: JSON, _ row: (inout Open) -> Void) {
      // Taken out while it grows, so that its rollouts are not copied.
      guard var group = open.removeValue(forKey: name) else { return }
      row(&group)
      group.missing -= 1
      open[name] = group
    }

    mutating func next() -> Open? {
      guard place < order.count, open[order[place]]?.missing == 0 else { return nil }
      defer { place += 1 }
      return open.removeValue(forKey: order[place])
    }
  }

  private func rollout(
    _ row: Columns, _ turns: [JSON], of group: inout Group?,
    _ shapes: OrderedDictionary<String, ColumnShape>
  ) throws(BadRow) {
    guard row[setAside] != true else {
      throw BadRow(
        "set aside",
        "expected a group whose rewards differ, found '\(setAside)' true: it teaches length alone")
    }
    if let group, group.turns != turns {
      throw BadRow(
        "mixed group", "expected one prompt in group \(group.name.text), found another than its first row's")
    }
    var rollout: JSON.Object = ["completion": try said(row)]
    for (key, column) in numbers { rollout[key] = .double(try row.finiteNumber(column)) }
    for name in columns {
      guard let value = row[name], !value.isNull else {
        throw BadRow("no \(name)", "expected a value in '\(name)', which columns: names, found none")
      }
      rollout[name] = shapes[name]?.fit(value) ?? value
    }
    if group == nil { group = Group(name: row["group"] ?? .null, turns: turns, rollouts: []) }
    group?.rollouts.append(.object(rollout))
  }

  /// A text, or of a rollout with tools all turns after its question, as they were sent.
  private func said(_ row: Columns) throws(BadRow) -> JSON {
    guard (row["completion"] ?? .null).isNull, let messages = row["messages"]?.array else {
      return .string(try row.assistantText("completion"))
    }
    let turns = OwnTurns.answers(messages, of: row)
    guard !turns.isEmpty else {
      throw BadRow("no answer", "expected a turn of the assistant in 'messages', found none")
    }
    return .array(turns)
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
