internal import Foundation

/// What reward servers give for an answer.
enum RewardScores {
  /// A number, a list of numbers, or a list of lists of which the last (the last token's) counts.
  /// Errors: ``ModelError`` of kind `malformed` when there is no number.
  static func numbers(_ json: JSON?) throws -> [Double] {
    if let number = json?.number, isScore(number) { return [number] }
    if let list = json?.array, let last = list.last {
      if last.array != nil { return try numbers(last) }
      let numbers = list.compactMap(\.number).filter(isScore)
      if numbers.count == list.count { return numbers }
    }
    throw ModelError(.malformed, "expected a score in the reply, found \(json?.kind ?? "nothing")")
  }

  private static func isScore(_ number: Double) -> Bool { abs(number) <= RewardScore.largest }

  /// A mean and what the logarithm of a deviation is ten times of, as heads of PURM have them (arXiv 2503.22480 and its
  /// first author's `purm.py`). What is no number, or far too large a one, is handed on, for a stage to drop.
  /// Errors: ``ModelError`` of kind `malformed` for any other number of outputs.
  static func distribution(of json: JSON?) throws -> RewardScore {
    var values = json?.array ?? []
    while let last = values.last?.array { values = last }
    guard values.count == 2 else {
      throw ModelError(
        .malformed,
        "expected two numbers in the reply, a mean and a deviation's logarithm, found "
          + (json == nil ? "nothing" : "\(max(1, values.count))"))
    }
    let (mean, spread) = (values[0].number ?? .nan, values[1].number ?? .nan)
    return RewardScore(
      logit: mean, probability: Logistic.probability(mean), scale: "raw",
      sigma: isScore(spread) ? exp(spread / 10) : .nan)
  }

  /// One score, or a pair (bad, good) whose difference is the logit. A pair that adds up to 1 has been through an
  /// activation whatever was asked; of a single score nobody can tell.
  /// Errors: ``ModelError`` of kind `unsupported` for classes that have no order.
  static func score(of json: JSON?) throws -> RewardScore {
    let values = try numbers(json)
    switch values.count {
    case 1:
      return RewardScore(logit: values[0], probability: Logistic.probability(values[0]), scale: "raw")
    case 2:
      let activated = values.allSatisfy { (0...1).contains($0) } && abs(values[0] + values[1] - 1) < 1e-4
      let logit = activated ? Logistic.logit(values[1]) : values[1] - values[0]
      return RewardScore(
        logit: logit, probability: activated ? values[1] : Logistic.probability(logit),
        scale: activated ? "sigmoid-undone" : "raw")
    default:
      throw ModelError(.unsupported, "expected one score or a pair, found \(values.count) classes")
    }
  }

  /// Labelled scores come ordered by score, so the labels say which is the good one.
  static func score(labelled list: [JSON]) throws -> RewardScore {
    let ordered = list.sorted { ($0["label"]?.string ?? "") < ($1["label"]?.string ?? "") }
    return try score(of: .array(ordered.map { $0["score"] ?? .null }))
  }
}

/// The reward act over a server that scores text. Raw scores are asked for where the server can give them; else the
/// activation is undone, and the score's `scale` says so.
protocol RewardFormat: ActFormat where Asked == RewardRequest {
  static var kind: ModelSpec.Kind { get }
  static var path: String { get }
  /// Whether a reply has this server's form.
  func hasForm(_ reply: JSON) -> Bool
  /// Errors: ``ModelError`` of kind `malformed` when it holds no number, `unsupported` when it holds classes that have no
  /// order.
  func score(in reply: JSON) throws -> RewardScore
}

extension RewardFormat {
  func understands(_ model: ModelSpec) -> Bool { model.kind == Self.kind }
  func path(of act: RewardRequest) -> String { Self.path }

  func answer(_ act: RewardRequest, in reply: ReplyBody, isNew: Bool) throws -> RewardScore {
    try score(in: reply.json)
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    guard hasForm(stored.reply.json) else { return false }
    _ = try score(in: stored.reply.json)
    return true
  }
}

extension RewardRequest {
  /// The conversation as one text.
  var transcript: JSON { .string(Transcript.text(conversation)) }

  /// What the answer is an answer to: a single user turn stands for itself; more turns need their speakers' names.
  var question: JSON {
    let turns = conversation.dropLast()
    return .string(turns.count == 1 ? turns.first?.content ?? "" : Transcript.text(Array(turns)))
  }

  var answer: JSON { .string(last.content) }
}
