internal import OrderedCollections
internal import RetortCore

/// How calls, their results and answers are written in a conversation.
protocol CallForm: Sendable {
  /// What the system's turn says of the tools; nil where the wire does.
  var instructions: String? { get }
  /// The request with what the form needs: schemas, stop strings.
  func request(_ request: ChatRequest) -> ChatRequest
  /// The same for an answer alone, in which nothing can be called.
  func answerRequest(_ request: ChatRequest) -> ChatRequest
  /// What a reply that came to its end says.
  func read(_ reply: ChatReply) -> ReadTurn
  /// The results of a turn's calls, in their order.
  func results(_ results: [(call: AskedTool, text: String, images: [ImageReference])]) -> [ChatMessage]
  /// A turn of a demonstration. `thought` may be empty.
  func calling(_ call: AskedTool, thought: String) -> ChatMessage
  /// The last turn of a demonstration.
  func answering(_ answer: String) -> ChatMessage
}

extension CallForm {
  func answerRequest(_ request: ChatRequest) -> ChatRequest { request }
}

/// A model's turn taken apart.
struct ReadTurn: Hashable, Sendable {
  /// As it is kept, and sent back.
  var message: ChatMessage
  /// Empty where the model calls nothing.
  var calls: [AskedTool]
  /// Empty where it calls something, or says nothing.
  var answer: String
  var reasoning: String
  /// Whether the model went on with a result of its own, which is not kept.
  var isForged = false

  init(_ message: ChatMessage, calls: [AskedTool] = [], answer: String = "", reasoning: String = "") {
    self.message = message
    self.calls = calls
    self.answer = answer
    self.reasoning = reasoning
  }

  /// A turn whose text holds what it says.
  ///
  /// - Parameter text: the part that counts: what a server that honours stop strings would have sent.
  init(_ text: String, of reply: ChatReply, calls: [AskedTool]) {
    let parts = ReadCompletion(text, reasoning: reply.reasoning)
    self.init(
      .assistant(text), calls: calls, answer: calls.isEmpty ? parts.answer : "", reasoning: parts.reasoning)
  }

  func forged(_ isForged: Bool) -> ReadTurn {
    var turn = self
    turn.isForged = isForged
    return turn
  }
}

/// The word under `protocol:`.
package enum CallFormName: String, Codable, Hashable, Sendable, CaseIterable {
  case native, tags, short, schema

  static let help =
    "How the model writes calls: native (the provider's own tool calls), tags (JSON in <tool_call>), short (one text in a "
    + "tag of the tool's name) or schema (a JSON object a turn, under response_format); default native."

  /// Errors: ``StageError`` for tags that say nothing, or tools that the form cannot write.
  func form(_ offers: [ToolOffer], _ tags: [String: String]) throws -> any CallForm {
    let tags = try CallTags(tags, of: self, offers)
    return switch self {
    case .native: NativeCalls(offers: offers)
    case .tags: TaggedCalls(offers: offers, tags: tags)
    case .short: try ShortCalls(offers, tags)
    case .schema: SchemaCalls(offers: offers, tags: tags)
    }
  }
}

/// The names of the tags that a form writes.
struct CallTags: Hashable, Sendable {
  let call: String
  let result: String
  /// By tool.
  let tools: [String: String]

  static let help =
    "Other names for the tags: 'call' (default tool_call) and 'result' (default tool_response) under tags, 'result' "
    + "(default result) and each tool's own name under short, 'result' under schema."

  init(_ given: [String: String], of form: CallFormName, _ offers: [ToolOffer]) throws {
    let roles: Set<String> =
      switch form {
      case .native: []
      case .tags: ["call", "result"]
      case .short: Set(offers.map(\.name) + ["result"])
      case .schema: ["result"]
      }
    for (role, tag) in given.sorted(by: { $0.key < $1.key }) {
      // What a server calls its tools is not known before it was asked.
      guard roles.contains(role) || form == .short && offers.contains(where: { !$0.isKnown }) else {
        let choice = roles.isEmpty ? "no tags" : roles.sorted().map { "'\($0)'" }.joined(separator: ", ")
        throw StageError(
          "tags: expected \(choice) under protocol \(form.rawValue), found '\(role)'"
            + NearestWord.hint(role, in: roles.sorted()), at: ["tags", role], isAboutKey: true)
      }
      guard tag.wholeMatch(of: /[A-Za-z][A-Za-z0-9_:-]*/) != nil, !["answer", "think"].contains(tag) else {
        throw StageError(
          "tags: expected a name of letters, digits, '_', ':' and '-' other than answer and think, found '\(tag)'",
          at: ["tags", role])
      }
    }
    call = given["call"] ?? "tool_call"
    result = given["result"] ?? (form == .tags ? "tool_response" : "result")
    tools = Dictionary(offers.map { ($0.name, given[$0.name] ?? $0.name) }) { first, _ in first }
    let all = form == .short ? Array(tools.values) + [result] : [call, result]
    guard Set(all).count == all.count else {
      throw StageError("tags: expected another name for each, found \(all.sorted().joined(separator: ", "))")
    }
  }

  /// Results between tags, in one user turn; images stand after their text.
  func results(_ results: [(call: AskedTool, text: String, images: [ImageReference])]) -> [ChatMessage] {
    var parts: [MessagePart] = []
    for (place, one) in results.enumerated() {
      parts.append(.text("\(place > 0 ? "\n" : "")<\(result)>\n\(one.text)\(one.images.isEmpty ? "" : "\n")"))
      parts += one.images.map { .image($0) } + [.text("\n</\(result)>")]
    }
    return [.user(parts.joiningTexts)]
  }

  /// The file's own stop strings, and of those of the form as many as every provider takes: what is beyond them is cut when
  /// the reply is read.
  static func stops(_ own: [String], after given: [String]?) -> [String] {
    let given = given ?? []
    return given + own.prefix(max(0, 4 - given.count))
  }

  /// Where a reply begins to say what only a result says.
  var forged: String { "<\(result)>" }
}
