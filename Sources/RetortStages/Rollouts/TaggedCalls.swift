internal import OrderedCollections
internal import RetortCore

/// For models without tool calls of their own: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, results as user
/// turns in `<tool_response>`.
struct TaggedCalls: CallForm {
  let offers: [ToolOffer]
  let tags: CallTags

  /// Calls of a reply that are looked at, and ends of one that are tried.
  private static let (mostCalls, mostEnds) = (64, 20)

  var instructions: String? {
    let schemas = offers.map { $0.json["function"]?.text ?? "" }
    return ToolWords.tagged(schemas, call: tags.call, result: tags.result)
      + " When you know the answer, write it between <answer> and </answer>."
  }

  func request(_ request: ChatRequest) -> ChatRequest {
    var request = request
    request.sampling.stop = CallTags.stops([tags.forged], after: request.sampling.stop)
    return request
  }

  func read(_ reply: ChatReply) -> ReadTurn {
    let text = SpokenText(reply.text)
    let (open, close) = ("<\(tags.call)>", "</\(tags.call)>")
    if let end = text.spoken.endOfAnswer(before: [open, tags.forged]) {
      return ReadTurn(text.text(to: end), of: reply, calls: []).forged(text.forges(after: end, tags.forged))
    }
    var (calls, rest): ([AskedTool], Substring) = ([], text.spoken)
    var end = text.spoken.endIndex
    while calls.count < Self.mostCalls, let next = rest.first(of: [open, tags.forged]) {
      guard next.word == open else {
        end = next.range.lowerBound
        break
      }
      let (asked, after) = call(rest[next.range.upperBound...], close)
      calls += asked
      rest = rest[after...]
    }
    let kept = text.text(to: end)
    let named = calls.prefix(Self.mostCalls).enumerated().map { place, call in
      AskedTool(id: "call_\(place)", name: call.name, arguments: call.arguments)
    }
    return ReadTurn(kept, of: reply, calls: Array(named)).forged(text.forges(after: end, tags.forged))
  }

  /// The calls that begin a text, and where they end: at the first end after which they are JSON, since arguments may
  /// hold tags themselves.
  private func call(_ text: Substring, _ close: String) -> (calls: [AskedTool], after: String.Index) {
    var (rest, first): (Substring, Range<String.Index>?) = (text, nil)
    for _ in 0..<Self.mostEnds {
      guard let end = rest.place(of: close) else { break }
      first = first ?? end
      if let calls = Self.calls(text[..<end.lowerBound]) { return (calls, end.upperBound) }
      rest = rest[end.upperBound...]
    }
    // An end that was a stop string, or one that the model forgot.
    if first == nil, let calls = Self.calls(text) { return (calls, text.endIndex) }
    let body = text[..<(first?.lowerBound ?? text.endIndex)]
    return ([Self.broken(body)], first?.upperBound ?? text.endIndex)
  }

  private static func calls(_ body: Substring) -> [AskedTool]? {
    guard let json = try? JSON(parsing: String(body).trimmed) else { return nil }
    return (json.array ?? [json]).map { call in
      let arguments = call["arguments"] ?? call["parameters"] ?? [:]
      return AskedTool(name: call["name"]?.string ?? "", arguments: arguments.string ?? arguments.text)
    }
  }

  /// What is no JSON: the model is told so under the name that it seems to mean.
  private static func broken(_ body: Substring) -> AskedTool {
    let name = body.prefix(10_000).firstMatch(of: /"name"\s*:\s*"([A-Za-z0-9_-]{1,64})"/).map {
      String($0.output.1)
    }
    return AskedTool(name: name ?? "", arguments: String(body).trimmed)
  }

  func results(_ results: [(call: AskedTool, text: String, images: [ImageReference])]) -> [ChatMessage] {
    tags.results(results)
  }

  func calling(_ call: AskedTool, thought: String) -> ChatMessage {
    let head = thought.isEmpty ? "" : thought + "\n"
    let name = JSON.string(call.name).text
    return .assistant(
      "\(head)<\(tags.call)>\n{\"name\": \(name), \"arguments\": \(call.arguments)}\n</\(tags.call)>")
  }

  func answering(_ answer: String) -> ChatMessage { .assistant("<answer>\(answer)</answer>") }
}
