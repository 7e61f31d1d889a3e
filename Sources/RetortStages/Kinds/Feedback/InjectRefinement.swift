internal import OrderedCollections
package import RetortCore

/// Puts right refinements in the place of wrong attempts where a group fails (GOLF, arXiv 2603.04597, sections 3.2 and 3.3).
package struct InjectRefinement: SetStage {
  package static let name = "inject-refinement"
  package static let version = 1
  package static let laterKeys: Set = ["code"]
  package static let summary =
    "Replace wrong attempts of hard groups by right refinements, and give both groups their advantages."
  package static let keys = [
    "tau":
      "A group is hard with fewer than ceil(tau n) right attempts: 0.125 for mathematics and code (the default), 0.25 for instructions, 0.375 for chat.",
    "strategy": "adaptive (hard groups; the default), hybrid (and 30 % of the others) or always.",
    "most": "Most members of a group that are replaced; default 1.",
    "seed": "Of the choice among wrong attempts and right refinements; default 0.",
    "reward": "The column with the reward; only 1 is right. Default 'reward'.",
    "refines":
      "The column that is there in refinements alone, with the group that they refine; default 'refines'.",
    "code":
      "Whether of a refinement its code alone is put in, in a fenced block, and one without code never; default false.",
    "columns":
      "Columns of the attempt that the refinement's take the place of; default completion, reasoning, answer, length, length_source, finish_reason, correct and the reward, where they are.",
  ]

  package struct Config: Codable, Sendable {
    package var tau: Double?
    var strategy: GOLF.Strategy?
    package var most: Int?
    package var seed: Int?
    package var reward: String?
    package var refines: String?
    package var columns: [String]?
    package var code: Bool?

    package init(tau: Double? = nil, most: Int? = nil, seed: Int? = nil, code: Bool? = nil) {
      self.code = code
      self.tau = tau
      self.most = most
      self.seed = seed
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package let reads: [ColumnUse]
  package var adds: [String]? { nil }
  private let config: Config
  private let tau: Double
  private let most: Int
  private let reward: String
  private let refines: String
  private let replaced: [String]

  package init(_ config: Config, in workspace: Workspace) throws {
    tau = config.tau ?? 0.125
    most = config.most ?? 1
    reward = config.reward ?? "reward"
    refines = config.refines ?? "refines"
    replaced =
      config.columns
      ?? ["completion", "reasoning", "answer", "length", "length_source", "finish_reason", "correct", reward]
    guard (0...1).contains(tau) else { throw StageError("tau: expected 0 to 1, found \(tau)") }
    guard most > 0 else { throw StageError("most: expected above 0, found \(most)") }
    reads = [
      ColumnUse("group"), ColumnUse(reward), ColumnUse("completion"), ColumnUse(refines, required: false),
    ]
    self.config = config
  }

  private struct Member: Sendable {
    let score: Double
    /// The group that it refines.
    let refines: JSON?
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    let groups = try await FeedbackGroups(of: rows, dropping: sink) { row throws(BadRow) in
      // What cannot be read has failed.
      let score = row.isUnread(reward) ? 0 : try row.reward(reward)
      let refined = row[refines].flatMap { $0.isNull ? nil : $0 }
      return Member(score: score, refines: refined)
    }.all
    var refinements: [JSON: FeedbackGroups<Member>.Group] = [:]
    for group in groups {
      guard let name = group.members[0].refines else { continue }
      guard refinements[name] == nil, group.members.allSatisfy({ $0.refines == name }) else {
        throw StageError(
          "\(refines): expected one group of refinements for each group, found several for \(name.text)")
      }
      refinements[name] = group
    }
    let refined = Set(groups.filter { $0.members[0].refines == nil }.map(\.name))
    for group in groups where group.members[0].refines == nil {
      try await join(group, refinements[group.name], in: rows, into: sink)
    }
    for (name, group) in refinements where !refined.contains(name) {
      for ordinal in group.ordinals {
        try await sink.drop(
          ordinal, reason: "no group to refine",
          detail: "expected the attempts of group \(name.text) in the set too, found none")
      }
    }
  }

  /// A group with its refinements: each member is written once, and a replaced one is made from two rows.
  private func join(
    _ group: FeedbackGroups<Member>.Group, _ refinements: FeedbackGroups<Member>.Group?,
    in rows: RowSet<Columns>,
    into sink: MakingSink<Columns>
  ) async throws {
    let attempts = try await rows.items(at: group.ordinals).map(\.row.columns)
    let refined = try await rows.items(at: refinements?.ordinals ?? []).map(\.row.columns)
    let codes = config.code == true ? refined.map(Self.code) : []
    let eligible =
      refinements?.members.indices.filter {
        GOLF.isRight(refinements?.members[$0].score ?? 0) && (config.code != true || codes[$0] != nil)
      } ?? []
    var random = SplitMix64(seed: Self.seed(config.seed ?? 0, group.name))
    let chosen = Dictionary(
      uniqueKeysWithValues: GOLF.injections(
        group.members.map(\.score), eligible: eligible, tau: tau, most: most,
        strategy: config.strategy ?? .adaptive,
        &random
      ).map { ($0.member, $0.refinement) })
    let rewards = group.members.indices.map { chosen[$0] == nil ? group.members[$0].score : 1 }
    let isHard = GOLF.isHard(group.members.map(\.score), tau: tau)
    for (member, advantage) in GOLF.advantages(rewards).enumerated() {
      var columns = attempts[member]
      var made = [group.ordinals[member]]
      if let place = chosen[member], let refinements {
        for column in replaced where columns[column] != nil || refined[place][column] != nil {
          columns[column] = refined[place][column] ?? .null
        }
        if config.code == true { columns["completion"] = codes[place] }
        // They are those of another text, under another prompt.
        for column in ["logprobs", "token_texts"] where columns[column] != nil { columns[column] = .null }
        made.append(refinements.ordinals[place])
      }
      let marks = Marks(
        role: "generation", isHard: isHard, isInjected: chosen[member] != nil, reward: rewards[member],
        advantage: advantage)
      try await sink.make(Columns(marks.added(to: columns)), from: made.sorted())
    }
    guard let refinements else { return }
    // What refines a group without a failure taught nothing.
    let isSolved = group.members.allSatisfy { GOLF.isRight($0.score) }
    let own = refinements.members.map { isSolved ? 0 : $0.score }
    for (member, advantage) in GOLF.advantages(own).enumerated() {
      let marks = Marks(
        role: "refinement", isHard: isHard, isInjected: false, reward: own[member], advantage: advantage)
      try await sink.make(Columns(marks.added(to: refined[member])), from: [refinements.ordinals[member]])
    }
  }

  /// What of a refinement is put in where that is its code.
  private static func code(of refinement: JSON.Object) -> JSON? {
    StatedCode.code(in: refinement["completion"]?.string ?? "", defining: refinement["entry"]?.string)
      .map { .string("```python\n\($0.trimmed)\n```") }
  }

  private struct Marks {
    let role: String
    let isHard: Bool
    let isInjected: Bool
    let reward: Double
    let advantage: Double

    func added(to columns: JSON.Object) -> JSON.Object {
      var columns = columns
      columns["golf_role"] = .string(role)
      columns["golf_hard"] = .bool(isHard)
      columns["golf_injected"] = .bool(isInjected)
      columns["golf_reward"] = .double(reward)
      columns["golf_advantage"] = .double(advantage)
      return columns
    }
  }

  /// A group's draws depend on its name alone: another group beside it moves none.
  private static func seed(_ seed: Int, _ group: JSON) -> UInt64 {
    Digest(of: "\(seed):\(group.text)").bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }
}
