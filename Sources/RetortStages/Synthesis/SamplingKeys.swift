internal import RetortCore

/// What the keys for sampling mean, in the words every stage that samples uses.
enum SamplingKeys {
  static let help = [
    "samples": "How many replies are drawn for a row, each its own output row; default 1.",
    "temperature": "Sampling temperature, 0 or more; default the endpoint's.",
    "top_p": "Share of probability that sampling keeps, above 0 and at most 1; default the endpoint's.",
    "seed": "Seed of the first draw; each further draw adds one. Default none.",
    "max_tokens": "Most tokens of a reply; default the endpoint's.",
    "stop": "Texts at which a reply ends.",
  ]

  static func samples(_ count: Int?) throws -> Int {
    let count = count ?? 1
    guard (1...1024).contains(count) else {
      throw StageError("samples: expected 1 to 1024, found \(count)")
    }
    return count
  }

  static func check(_ sampling: Sampling) throws -> Sampling {
    if let value = sampling.temperature, !(0...5).contains(value) {
      throw StageError("temperature: expected 0 to 5, found \(value)")
    }
    if let value = sampling.topP, !(value > 0 && value <= 1) {
      throw StageError("top_p: expected above 0 and at most 1, found \(value)")
    }
    if let value = sampling.maxTokens, value < 1 {
      throw StageError("max_tokens: expected at least 1, found \(value)")
    }
    return sampling
  }

  /// The model's reply to each draw, in order; the draws are asked for together. With `rows`, each draw becomes an
  /// output row of its own, or is left out, and its calls are those of that row alone.
  static func draw(
    _ count: Int, of request: ChatRequest, from model: any ChatModel, rows: Bool = false,
    accepting check: @escaping @Sendable (ChatReply) throws -> Void = { _ in }
  ) async throws -> [ChatReply] {
    let requests = (0..<count).map { draw in
      var request = request
      request.draw = draw
      return request
    }
    return try await replies(to: requests, from: model, rows: rows, accepting: check)
  }

  /// The model's replies to requests that are asked together, in order.
  static func replies(
    to requests: [ChatRequest], from model: any ChatModel, rows: Bool = false,
    accepting check: @escaping @Sendable (ChatReply) throws -> Void = { _ in }
  ) async throws -> [ChatReply] {
    try await Together.results(requests.count) { draw in
      try await StepContext.$sample.withValue(rows ? draw : nil) {
        try await model.reply(to: requests[draw], accepting: check)
      }
    }
  }
}

extension ChatReply {
  /// The reply as one sample of a row: an output, unless it has a flaw, no text or thoughts alone.
  func sampled<Output>(flaw: String?, _ output: (ChatReply) -> Output) -> Sampled<Output> {
    if let flaw { return .leftOut(reason: flaw, detail: ending) }
    let isEmpty = Thoughts(in: text).answer.trimmed.isEmpty
    return isEmpty ? .leftOut(reason: "reply empty", detail: ending) : .output(output(self))
  }

  /// How it ended, for the detail of a drop.
  var ending: String { "it ended (\(finishReason)) with: \(text.suffix(120))" }
}
