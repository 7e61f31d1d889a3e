internal import OrderedCollections
package import RetortCore

/// The keys of the stages that compare the responses of a group.
package struct LengthQualityConfig: Codable, Sendable {
  package enum Mode: String, Codable, Sendable, CaseIterable { case verifiable, fuzzy }

  package var mode: Mode?
  package var alpha: Double?
  package var beta: Double?
  package var anchors: Bool?
  package var threshold: Double?
  package var model: ModelRef?
  package var prompt: PromptFile?
  package var penalty: Double?
  package var reasoningLimit: Int?
  package var answerLimit: Int?
  package var tokens: TokenCount?
  package var advantage: AdvantageNorm?
  package var images: [String]?

  package enum CodingKeys: String, CodingKey {
    case mode, alpha, beta, anchors, threshold, model, prompt, penalty, advantage, tokens, images
    case reasoningLimit = "reasoning_limit"
    case answerLimit = "answer_limit"
  }

  package init(
    mode: Mode? = nil, alpha: Double? = nil, beta: Double? = nil, anchors: Bool? = nil,
    threshold: Double? = nil, model: ModelRef? = nil, advantage: AdvantageNorm? = nil,
    images: [String]? = nil
  ) {
    self.images = images
    self.mode = mode
    self.alpha = alpha
    self.beta = beta
    self.anchors = anchors
    self.threshold = threshold
    self.model = model
    self.advantage = advantage
  }

  static let laterKeys: Set = ["reasoning_limit", "answer_limit", "tokens", ImageColumns.key]

  /// Each pair of a group's responses in both orders. More rows than a group has are taken to be groups of 8.
  var workload: Workload {
    Workload(prompt: prompt?.text, maxTokens: 8) { rows in 0...rows * (rows <= 64 ? max(0, rows - 1) : 7) }
  }

  static let keys = [
    "mode": "verifiable (the default): column 'correct' decides; fuzzy: a judge compares the answers.",
    "alpha": "What being better is worth; default 10, fuzzy 5.",
    "beta": "What being shorter is worth; default 1.",
    "anchors":
      "Verifiable: whether a virtual wrong and a virtual endless right response take part; default true.",
    "threshold": "Verifiable: take a 'reward' of at least this as correct, in place of 'correct'.",
    "model": "Fuzzy: the judge, a chat model; it is asked about each pair in both orders.",
    "prompt": "Fuzzy: file with the judge's prompt; names: question, first, second. Default: ours.",
    "penalty":
      "Fuzzy: what a malformed response (no reasoning, no answer, cut, or over a limit) has in each of its pairs; default -100.",
    "reasoning_limit":
      "Fuzzy: most tokens of the reasoning of a well-formed response; the authors' 512. Default: no limit.",
    "answer_limit": "Fuzzy: most tokens of its answer; the authors' 512. Default: no limit.",
    "tokens": "Fuzzy, with a limit: " + TokenCount.help + " The server that counts is the judge's.",
    "advantage": AdvantageNorm.help + " Default sample-std.",
    ImageColumns.key: ImageColumns.judgeHelp,
  ]
}

/// What comparing the responses of a group by quality and length rests on: verified answers, or a judge.
struct LengthQuality: Sendable {
  private let config: LengthQualityConfig
  private let mode: LengthQualityConfig.Mode
  private let alpha: Double
  private let beta: Double
  private let judge: PairJudge?
  private let form: ResponseForm?
  private let images: ImageColumns

  init(_ config: LengthQualityConfig, in workspace: Workspace) throws {
    self.config = config
    mode = config.mode ?? .verifiable
    images = try ImageColumns(config.images, judgedBy: config.model)
    alpha = config.alpha ?? (mode == .fuzzy ? 5 : 10)
    beta = config.beta ?? 1
    guard alpha > 0, beta >= 0, alpha.isFinite, beta.isFinite else {
      throw StageError(
        "alpha, beta: expected alpha above 0 and beta 0 or more, found \(alpha) and \(beta)")
    }
    switch (mode, config.model) {
    case (.fuzzy, nil): throw StageError("expected the key 'model' with mode: fuzzy, found none")
    case (.verifiable, .some):
      throw StageError("model: expected mode: fuzzy with it, found verifiable, which calls none")
    case (.fuzzy, let model?):
      guard config.threshold == nil, config.anchors == nil else {
        throw StageError("threshold, anchors: expected mode: verifiable with them, found fuzzy")
      }
      judge = try PairJudge(workspace.chat(model), prompt: config.prompt)
      form = try ResponseForm(config, judge: model, in: workspace)
    case (.verifiable, nil):
      guard config.reasoningLimit == nil, config.answerLimit == nil, config.tokens == nil else {
        throw StageError(
          "reasoning_limit, answer_limit, tokens: expected mode: fuzzy with them, found verifiable")
      }
      judge = nil
      form = nil
    }
  }

  var reads: [ColumnUse] {
    let own =
      switch mode {
      case .verifiable: [config.threshold == nil ? "correct" : "reward", "length"]
      case .fuzzy: ["question", "reasoning", "answer"]
      }
    return own.map { $0 == "answer" ? ColumnUse($0, or: ["final_answer"]) : ColumnUse($0) }
      + RewardGroups<Int>.reads.filter { !own.contains($0.name) }
      + (mode == .fuzzy
        ? ["finish_reason", "completion", "messages"].map { ColumnUse($0, required: false) } : [])
      + images.reads
  }

  /// A group with what is known about it.
  struct Compared: Sendable {
    let ordinals: [Int]
    fileprivate let lengths: [Double]
    fileprivate let evidence: Evidence
  }

  fileprivate enum Evidence: Sendable {
    case correct([Bool])
    case verdicts([[Int]: Int], wellFormed: [Bool])
  }

  /// Which pairs a judge is asked about. Of two malformed members nothing that it says counts.
  enum Judged: Sendable {
    /// Those with a well-formed member: against a malformed one it wins or loses as against any other.
    case anyWellFormed
    /// Those of two well-formed members.
    case bothWellFormed
  }

  /// Hands out the groups of a set one after another. Rows that cannot be compared, or of which `check` complains, are
  /// dropped.
  func compare(
    _ rows: RowSet<Columns>, judging judged: Judged, dropping sink: some SetSink,
    check: (Columns) throws(BadRow) -> Void = { _ in }, each: (Compared) async throws -> Void
  ) async throws {
    guard let judge, let form else {
      let groups = try await RewardGroups(of: rows, dropping: sink) {
        row throws(BadRow) -> (correct: Bool, length: Double) in
        try check(row)
        guard let threshold = config.threshold else { return (try row.flag("correct"), try row.length()) }
        return (try row.reward("reward") >= threshold, try row.length())
      }.groups
      for group in groups {
        try await each(
          Compared(
            ordinals: group.ordinals, lengths: group.members.map(\.length),
            evidence: .correct(group.members.map(\.correct))))
      }
      return
    }
    let groups = try await RewardGroups(of: rows, dropping: sink) { row throws(BadRow) -> Void in
      try check(row)
      _ = try images.images(of: row)
    }.groups
    for group in groups {
      // The texts are fetched again group by group: all of them at once would not fit.
      var texts: [Columns] = []
      for ordinal in group.ordinals {
        texts += try await rows.page(ordinal, 1).map { Columns($0.row.columns) }
      }
      var responses: [ResponseForm.Response] = []
      for text in texts { responses.append(try await form.response(text)) }
      let wellFormed = responses.map(\.isWellFormed)
      let verdicts = try await judge.compare(
        texts.first?["question"]?.string ?? "", responses.map(\.answer),
        showing: try texts.first.map { try images.images(of: $0) } ?? []
      ) { i, k in
        switch judged {
        case .anyWellFormed: wellFormed[i] || wellFormed[k]
        case .bothWellFormed: wellFormed[i] && wellFormed[k]
        }
      }
      try await each(
        Compared(
          ordinals: group.ordinals, lengths: responses.map(\.length),
          evidence: .verdicts(verdicts, wellFormed: wellFormed)))
    }
  }

  func scored(_ group: Compared) -> TWYN.Scored {
    let norm = config.advantage ?? .sampleStd
    switch group.evidence {
    case .correct(let correct):
      return TWYN.verifiable(
        correct: correct, lengths: group.lengths, alpha: alpha, beta: beta, anchors: config.anchors ?? true,
        norm: norm)
    case .verdicts(let verdicts, let wellFormed):
      return TWYN.fuzzy(
        verdicts: { verdicts[[$0, $1]] ?? 0 }, lengths: group.lengths, wellFormed: wellFormed, alpha: alpha,
        beta: beta, penalty: config.penalty ?? -100, norm: norm)
    }
  }

  func pairs(_ group: Compared) -> [TWYN.Pair] {
    switch group.evidence {
    case .correct(let correct):
      return TWYN.pairs(correct: correct, lengths: group.lengths, alpha: alpha, beta: beta)
    case .verdicts(let verdicts, let wellFormed):
      return TWYN.pairs(
        verdicts: { verdicts[[$0, $1]] ?? 0 }, lengths: group.lengths, wellFormed: wellFormed, alpha: alpha,
        beta: beta)
    }
  }
}
