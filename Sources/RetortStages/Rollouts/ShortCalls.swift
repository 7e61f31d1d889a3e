internal import OrderedCollections
internal import RetortCore

/// One text in a tag of the tool's name, as search and code agents of the field have it: `<search>words</search>`. A call
/// ends the reply; what a model writes after it is not kept, whether the server stopped there or not.
struct ShortCalls: CallForm {
  private struct Tag: Hashable, Sendable {
    let name: String
    let offer: ToolOffer
    /// The argument that the text is.
    let argument: String

    var open: String { "<\(name)>" }
    var close: String { "</\(name)>" }
  }

  private let tools: [Tag]
  private let tags: CallTags

  /// Errors: ``StageError`` for a tool that needs more than one text.
  init(_ offers: [ToolOffer], _ tags: CallTags) throws {
    self.tags = tags
    tools = try offers.map { offer in
      guard offer.isKnown else {
        return Tag(name: tags.tools[offer.name] ?? offer.name, offer: offer, argument: "")
      }
      let required = (offer.parameters["required"]?.array ?? []).compactMap(\.string)
      guard required.count == 1, let argument = required.first,
        offer.parameters["properties"]?[argument]?["type"]?.string == "string"
      else {
        throw StageError(
          "protocol: expected tools that take one text under short, found '\(offer.name)', which needs "
            + (required.isEmpty ? "none" : required.joined(separator: ", ")))
      }
      return Tag(name: tags.tools[offer.name] ?? offer.name, offer: offer, argument: argument)
    }
  }

  var instructions: String? {
    let lines = tools.map { tool in
      let help = tool.offer.parameters["properties"]?[tool.argument]?["description"]?.string ?? ""
      return "\(tool.open)…\(tool.close): \(tool.offer.description) \(help)"
    }
    return """
      You may use tools. To use one, write its tag with one text in it, and stop:
      \(lines.joined(separator: "\n"))
      The result comes between <\(tags.result)> and </\(tags.result)>. When you know the answer, write it between <answer> \
      and </answer>.
      """
  }

  func request(_ request: ChatRequest) -> ChatRequest {
    var request = request
    request.sampling.stop = CallTags.stops(tools.map(\.close) + [tags.forged], after: request.sampling.stop)
    return request
  }

  func read(_ reply: ChatReply) -> ReadTurn {
    let text = SpokenText(reply.text)
    let marks = tools.map(\.open) + [tags.forged]
    if let end = text.spoken.endOfAnswer(before: marks) {
      return ReadTurn(text.text(to: end), of: reply, calls: []).forged(text.forges(after: end, tags.forged))
    }
    guard let next = text.spoken.first(of: marks) else { return ReadTurn(reply.text, of: reply, calls: []) }
    guard let tool = tools.first(where: { $0.open == next.word }) else {
      return ReadTurn(text.text(to: next.range.lowerBound), of: reply, calls: []).forged(true)
    }
    let body = text.spoken[next.range.upperBound...]
    let words = body[..<(body.place(of: tool.close)?.lowerBound ?? body.endIndex)]
    let kept = text.text(to: words.endIndex) + tool.close
    let arguments: JSON = [tool.argument: .string(String(words).trimmed)]
    let call = AskedTool(id: "call_0", name: tool.offer.name, arguments: arguments.text)
    return ReadTurn(kept, of: reply, calls: [call]).forged(text.forges(after: words.endIndex, tags.forged))
  }

  func results(_ results: [(call: AskedTool, text: String, images: [ImageReference])]) -> [ChatMessage] {
    tags.results(results)
  }

  func calling(_ call: AskedTool, thought: String) -> ChatMessage {
    guard let tool = tools.first(where: { $0.offer.name == call.name }) else { return .assistant(thought) }
    let words = (try? JSON(parsing: call.arguments))?[tool.argument]?.string ?? ""
    return .assistant("\(thought.isEmpty ? "" : thought + "\n")\(tool.open)\(words)\(tool.close)")
  }

  func answering(_ answer: String) -> ChatMessage { .assistant("<answer>\(answer)</answer>") }
}
