internal import RetortCore

/// What ends a rollout that would go on.
package enum OnLimit: String, Codable, Hashable, Sendable, CaseIterable {
  case keep
  case forceAnswer = "force_answer"
  case answer, restart, drop

  /// Whether an answer is asked for at the bound.
  var asksOnceMore: Bool { self == .forceAnswer || self == .answer }

  static let help =
    "What becomes of a rollout at its bound of turns or context, or of a truncated reply: keep it as it is; force_answer "
    + "(ask once more, for the answer alone); answer (the same, with no tool offered any more); restart (from the question, with a fresh draw, three times at most); drop. "
    + "Default keep."
}

/// One conversation of a model with tools, from the question to its end. Every turn is a request that is remembered, and
/// carries the rollout's draw; so is every result: one that was cut off anywhere goes on where it was, for nothing.
struct Rollout: Sendable {
  struct Bounds: Hashable, Sendable {
    var turns = 8
    /// Tokens of the conversation, as the endpoint counts them or estimated.
    var context: Int?
    /// Tokens of a result, four characters each.
    var result: Int?
    var onLimit = OnLimit.keep
  }

  struct Played: Sendable {
    var messages: [ChatMessage]
    var stop = Stop.answer
    var answer = ""
    var reasoning = ""
    var turns = 0
    var calls = 0
    var errors = 0
    /// Replies that went on with a result of the model's own, which was not kept.
    var forged = 0
    /// Tokens that the model wrote.
    var length = 0
  }

  enum Stop: Hashable, Sendable {
    case answer, noAnswer, turnLimit, contextLimit, truncated
    /// The endpoint's own word.
    case flaw(String)

    var words: String {
      switch self {
      case .answer: "answer"
      case .noAnswer: "no answer"
      case .turnLimit: "turn limit"
      case .contextLimit: "context limit"
      case .truncated: "reply truncated"
      case .flaw(let words): words
      }
    }

    var isLimit: Bool { [.turnLimit, .contextLimit, .truncated].contains(self) }
  }

  let model: any ChatModel
  let form: any CallForm
  let toolbox: Toolbox
  let bounds: Bounds
  /// Those of the row, on which its tools work.
  var images: [ImageReference] = []
  /// As its model says boxes.
  var spec = ModelSpec(alias: "", name: "")
  /// The tokens of a reply where the endpoint does not say.
  let length: @Sendable (ChatReply) async throws -> Int

  /// Far from any number of samples, so that a restart's draw is no other rollout's.
  private static let restartStride = 1_000_000
  private static let mostRestarts = 3

  /// - Parameters:
  ///   - opening: system, demonstrations, question.
  ///   - draw: which of several samples.
  func play(_ opening: [ChatMessage], sampling: Sampling, draw: Int) async throws -> Played {
    var restarts = 0
    while true {
      let request = ChatRequest(opening, sampling: sampling, draw: draw + restarts * Self.restartStride)
      let played = try await play(request)
      guard played.stop.isLimit, bounds.onLimit == .restart, restarts < Self.mostRestarts else {
        return played
      }
      restarts += 1
    }
  }

  private func play(_ first: ChatRequest) async throws -> Played {
    let rollout = Digest(of: ["messages": first.prompt, "settings": .object(form.request(first).settings)])
    let visit = ToolVisit(images: images)
    defer { visit.end() }
    var played = Played(messages: first.messages)
    var isForced = false
    while true {
      var request = first
      request.messages = played.messages
      let isAlone = isForced && bounds.onLimit == .answer
      let reply = try await model.reply(
        to: isAlone ? form.answerRequest(request) : form.request(request))
      let turn = form.read(reply)
      if turn.isForged { played.forged += 1 }
      played.turns += 1
      played.length += try await length(reply)
      // What was cut off is no call, and is kept as it came.
      played.messages.append(reply.flaw == nil ? turn.message : reply.turn ?? .assistant(reply.text))
      if let flaw = reply.flaw {
        played.stop = reply.end == .truncated ? .truncated : .flaw(flaw)
        return played
      }
      guard !turn.calls.isEmpty else {
        (played.answer, played.reasoning) = (turn.answer, turn.reasoning)
        played.stop = turn.answer.trimmed.isEmpty ? .noAnswer : .answer
        return played
      }
      let isLast = played.turns >= bounds.turns
      // What nobody reads is not asked.
      if isAlone || isLast && (isForced || !bounds.onLimit.asksOnceMore) {
        played.stop = isLast ? .turnLimit : .contextLimit
        return played
      }
      try await answer(turn.calls, in: rollout, visit, &played)
      let isFull = isOver(reply, played)
      guard isLast || isFull else { continue }
      guard bounds.onLimit.asksOnceMore, !isForced else {
        played.stop = isFull ? .contextLimit : .turnLimit
        return played
      }
      isForced = true
      played.messages.append(.user("Give your answer now, without a further call."))
    }
  }

  private func answer(
    _ calls: [AskedTool], in rollout: Digest, _ visit: ToolVisit, _ played: inout Played
  ) async throws {
    var results: [(call: AskedTool, text: String, images: [ImageReference])] = []
    for (place, call) in calls.enumerated() {
      let result = try await toolbox.call(
        call.boxed(as: spec, in: images.first),
        at: ToolPlace(rollout: rollout, turn: played.turns, call: place + 1), in: visit)
      played.calls += 1
      if result.fault != nil { played.errors += 1 }
      results.append((call, cut(result.text), result.images))
    }
    played.messages += form.results(results)
  }

  private func cut(_ text: String) -> String {
    guard let most = bounds.result, text.count > most * 4 else { return text }
    return
      "\(text.prefix(most * 4))\n[cut here: the first \(most) of about \(TokenEstimate.characters(text)) tokens]"
  }

  /// Whether the conversation leaves no room for another turn.
  private func isOver(_ reply: ChatReply, _ played: Played) -> Bool {
    guard let most = bounds.context else { return false }
    let counted = reply.usage.promptTokens + reply.usage.completionTokens
    guard counted > 0, let last = played.messages.lastIndex(where: { $0.role == .assistant }) else {
      return played.messages.estimate(maxPixels: spec.maxPixels) > most
    }
    return counted + played.messages[(last + 1)...].estimate(maxPixels: spec.maxPixels) > most
  }
}
