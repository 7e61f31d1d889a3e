internal import OrderedCollections
package import RetortCore

/// Makes one prompt of a group's failed attempts and what was said of them (GOLF, arXiv 2603.04597, section 3).
package struct AggregateFeedback: SetStage {
  package static let name = "aggregate-feedback"
  package static let version = 1
  package static let laterKeys: Set = ["task"]
  package static let summary =
    "Make a prompt of each group's failed attempts with their critiques, for refinements."
  package static let keys = [
    "show": "attempts (with their critiques; the default), critiques (alone) or attempts-only.",
    "reward": "The column with the reward, by which an attempt has failed unless it is 1; default 'reward'.",
    "critique": "The column with what was said of an attempt; default 'critique'.",
    "completion": "The column with the attempt; default 'completion'.",
    "question": "The column with the question; default 'question'.",
    "columns":
      "More columns of the question that go on, such as constraints or reference; all attempts of a group must agree in them. Default none.",
    "tau":
      "Only groups with fewer than this share of right attempts get a prompt, 0 to 1; default: each that has a failed one.",
    "only_wrong": "Whether right attempts are left out; default true.",
    "budget": "Most tokens of the prompt; default 8192.",
    "opening": "What stands before the question; default a sentence.",
    "task":
      "Whether the question stands in the prompt; default true. Without it, it is what a trainer shows beside the question, as TRL's privileged_context.",
    "closing":
      "What stands at the end; default asks for an answer that mentions neither attempts nor feedback.",
    "tokens": "How tokens are counted: estimate (characters / 4, the default) or wide (by script).",
  ]

  package enum Show: String, Codable, Hashable, Sendable, CaseIterable {
    case attempts, critiques
    case attemptsOnly = "attempts-only"
  }

  package struct Config: Codable, Sendable {
    package var show: Show?
    package var reward: String?
    package var critique: String?
    package var completion: String?
    package var question: String?
    package var columns: [String]?
    package var tau: Double?
    package var onlyWrong: Bool?
    package var budget: Int?
    package var opening: String?
    package var task: Bool?
    package var closing: String?
    package var tokens: TokenCount?

    package enum CodingKeys: String, CodingKey {
      case show, reward, critique, completion, question, columns, tau, budget, opening, task, closing, tokens
      case onlyWrong = "only_wrong"
    }

    package init(
      show: Show? = nil, tau: Double? = nil, onlyWrong: Bool? = nil, budget: Int? = nil, task: Bool? = nil
    ) {
      self.show = show
      self.task = task
      self.tau = tau
      self.onlyWrong = onlyWrong
      self.budget = budget
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  static let opening =
    "Below are a task and earlier answers to it that were not right, each with what was found wrong."
  static let closing =
    "Find what went wrong, keep what is right, work it out anew, and answer the task as if for the first time. Do not mention earlier answers or feedback. Keep to the form that the task asks for."

  package let reads: [ColumnUse]
  package var adds: [String]? { shared + Self.own }
  private static let own = [
    "refines", "feedback_prompt", "feedback_tokens", "attempts_shown", "attempts_left_out", "saw_gold",
  ]
  /// Of the question.
  private let shared: [String]
  private let config: Config
  private let budget: Int

  package init(_ config: Config, in workspace: Workspace) throws {
    budget = config.budget ?? 8192
    guard budget > 0 else { throw StageError("budget: expected above 0, found \(budget)") }
    if let tau = config.tau, !(0...1).contains(tau) { throw StageError("tau: expected 0 to 1, found \(tau)") }
    guard config.tokens != .endpoint else {
      throw StageError("tokens: expected estimate or wide, found endpoint", at: ["tokens"])
    }
    self.config = config
    shared = [config.question ?? "question"] + (config.columns ?? [])
    if let taken = shared.first(where: Self.own.contains) {
      throw StageError("columns: expected other columns than \(Self.own), found '\(taken)'", at: ["columns"])
    }
    guard Set(shared).count == shared.count else {
      throw StageError("columns: expected each once beside the question, found \(shared)", at: ["columns"])
    }
    let critique = config.show == .attemptsOnly ? [] : [ColumnUse(config.critique ?? "critique")]
    reads =
      (["group", config.reward ?? "reward", config.completion ?? "completion"] + shared)
      .map { ColumnUse($0) } + critique
  }

  private struct Member: Sendable {
    let attempt: GOLF.Attempt
    let segment: String
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    let groups = try await FeedbackGroups(of: rows, dropping: sink) { row throws(BadRow) in try member(row) }
    for group in groups.all {
      let scores = group.members.map(\.attempt.score)
      let isAsked = config.tau.map { GOLF.isHard(scores, tau: $0) } ?? !scores.allSatisfy(GOLF.isRight)
      guard isAsked, !scores.allSatisfy(GOLF.isRight) else {
        for ordinal in group.ordinals { try await sink.consume(ordinal) }
        continue
      }
      try await aggregate(group, in: rows, into: sink)
    }
  }

  private func aggregate(
    _ group: FeedbackGroups<Member>.Group, in rows: RowSet<Columns>, into sink: MakingSink<Columns>
  ) async throws {
    let members = try await rows.items(at: group.ordinals)
    if let mixed = shared.first(where: { name in
      members.contains { $0.row.columns[name] != members[0].row.columns[name] }
    }) {
      for ordinal in group.ordinals {
        try await sink.drop(
          ordinal, reason: "mixed group",
          detail: "expected one value of '\(mixed)' in group \(group.name.text), found several")
      }
      return
    }
    let question = members[0].row.columns[config.question ?? "question"]?.string ?? ""
    let opening = [config.opening ?? Self.opening] + (config.task == false ? [] : ["Task:\n\(question)"])
    let closing = [config.closing ?? Self.closing]
    let room = budget - (opening + closing).reduce(0) { $0 + count($1) }
    let packed = GOLF.pack(
      group.members.map(\.attempt), room: room, onlyWrong: config.onlyWrong ?? true)
    guard !packed.included.isEmpty else {
      for ordinal in group.ordinals {
        try await sink.drop(
          ordinal, reason: "no attempt fits",
          detail:
            "expected room for the shortest failed attempt in \(budget) tokens, found \(max(0, room)) left")
      }
      return
    }
    let segments = packed.included.enumerated().map { place, member in
      "Answer \(place + 1):\n\(group.members[member].segment)"
    }
    let parts = opening + segments + closing
    let prompt = parts.filter { config.task != false || !$0.isEmpty }.joined(separator: "\n\n")
    var columns = members[0].row.columns.filter { shared.contains($0.key) }
    columns["refines"] = members[0].row.columns["group"]
    columns["feedback_prompt"] = .string(prompt)
    columns["feedback_tokens"] = .int(Int64(count(prompt)))
    columns["attempts_shown"] = .array(packed.included.map { .string(members[$0].id) })
    columns["attempts_left_out"] = .array(packed.leftOut.map { .string(members[$0].id) })
    let sawGold = packed.included.contains { members[$0].row.columns["saw_gold"] == true }
    columns["saw_gold"] = .bool(sawGold && config.show != .attemptsOnly)
    try await sink.make(Columns(columns), from: group.ordinals)
  }

  private func member(_ row: Columns) throws(BadRow) -> Member {
    let column = config.completion ?? "completion"
    guard let attempt = row[column]?.string else {
      throw BadRow("no completion", "expected a text in '\(column)', found \(row.found(column))")
    }
    let reward = config.reward ?? "reward"
    // What cannot be read has failed.
    let score = row.isUnread(reward) ? 0 : try row.reward(reward)
    let critique = row[config.critique ?? "critique"]?.string ?? ""
    let segment =
      switch config.show ?? .attempts {
      case .attempts: "\(attempt.trimmed)\nFeedback: \(critique.trimmed)"
      case .critiques: "Feedback: \(critique.trimmed)"
      case .attemptsOnly: attempt.trimmed
      }
    return Member(
      attempt: GOLF.Attempt(response: count(attempt), segment: count(segment), score: score), segment: segment
    )
  }

  private func count(_ text: String) -> Int {
    config.tokens == .wide ? ScriptTokens.count(text) : TokenEstimate.characters(text)
  }
}
