internal import OrderedCollections
internal import RetortCore

/// A conversation in which a model may have called tools, read from a row and found sound.
struct Trajectory: Sendable {
  struct Call: Hashable, Sendable {
    let id: String
    let name: String
    /// As the model wrote them: JSON text.
    let arguments: String
    let object: JSON.Object?
  }

  enum Turn: Sendable {
    case system(String)
    case user(String)
    /// Calls in the order of their results; none in an answer.
    case assistant(String, calls: [Call])
    /// The results of the calls before it, in the order of the calls.
    case results([(call: Call, text: String)])
  }

  let turns: [Turn]
  /// As OpenAI writes them: `{"type": "function", "function": {…}}`.
  let tools: [JSON]
  /// Those of its turns, whose texts have a mark for each.
  var images: [ImageReference] = []

  var hasCalls: Bool {
    turns.contains { if case .assistant(_, let calls) = $0 { !calls.isEmpty } else { false } }
  }
}

/// Reads trajectories from rows: the columns of rollouts with tools, or others of the same form.
struct TrajectoryReader: Sendable {
  let messages: String
  let tools: String
  let thoughts: ThoughtForm
  let tokens: SpecialTokens
  /// Whether the arguments of a call must be an object.
  let needsObjects: Bool
  /// Whether a record has calls and results between tags, which a result must not quote.
  let writesTags: Bool
  /// Whether a record is LLaMA-Factory's, whose loader drops or garbles several calls after a text.
  let writesShareGPT: Bool
  /// Whether the demonstrations before a rollout's own question stay.
  let keepsDemonstrations: Bool
  /// Whether turns may show images.
  var showsImages = false
  /// Whether calls may be text in turns of the assistant, and results turns of the user, as they are in some protocols.
  var takesText = false

  private static let tags = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
  /// How results begin that were given as a turn of the user.
  private static let results = ["<tool_response>", "<result>"]

  func trajectory(of row: Columns) throws(BadRow) -> Trajectory {
    var list = try Self.list(row[messages], "a list of messages", in: messages, reason: "no messages")
    if !keepsDemonstrations { list = OwnTurns.cut(list, of: row) }
    var turns: [Trajectory.Turn] = []
    var open: [Trajectory.Call] = []
    var results: [(call: Trajectory.Call, text: String)] = []
    var images: [ImageReference] = []
    for (index, message) in list.enumerated() {
      let place = "\(messages)[\(index)]"
      let role = message["role"]?.string ?? ""
      if role == "tool" {
        let call = try called(by: message, open, results.count, at: place)
        results.append((call, try result(message, at: place, &images)))
        if results.count == open.count {
          turns.append(.results(results))
          (open, results) = ([], [])
        }
        continue
      }
      guard open.isEmpty else {
        throw BadRow(
          "call without a result", "expected the result of a call at '\(place)', found a turn of \(role)")
      }
      if showsImages, role == "user", case .results(let before)? = turns.last {
        turns[turns.count - 1] = .results(try shown(by: message, beside: before, at: place, &images))
        continue
      }
      let turn = try turn(role, message, at: place, &images)
      try Self.follows(turn, turns.last, at: place)
      if case .assistant(let said, let calls) = turn {
        open = calls
        guard !writesShareGPT || calls.count < 2 || Thoughts(in: said).answer.isBlank else {
          throw BadRow(
            "several calls after a text",
            "expected several calls of one turn without a text before them, since LLaMA-Factory's loader breaks on those, "
              + "found one at '\(place)'; leave llama-factory out of 'formats', or a turn to one call")
        }
      }
      turns.append(turn)
    }
    guard case .assistant(_, let calls)? = turns.last, calls.isEmpty else {
      throw BadRow(
        "no answer at the end", "expected the last message of '\(messages)' to be an answer of the assistant")
    }
    if case .system(let text)? = turns.first, text.isBlank { turns.removeFirst() }
    let trajectory = Trajectory(turns: turns, tools: try offered(by: row), images: images)
    guard !trajectory.hasCalls || !trajectory.tools.isEmpty else {
      throw BadRow("no tools", "expected the schemas of the tools that were called in '\(tools)', found none")
    }
    return trajectory
  }

  private static func list(
    _ given: JSON?, _ what: String, in column: String, reason: String
  ) throws(BadRow) -> [JSON] {
    var value = given ?? .null
    if let text = value.string, let read = try? JSON(parsing: text) { value = read }
    guard let list = value.array, !list.isEmpty else {
      let found = value.array == nil ? value.kind : "an empty list"
      throw BadRow(reason, "expected \(what) in '\(column)', found \(found)")
    }
    return list
  }

  /// The results with the images that stand after them as the user's, since a `tool` turn takes a text alone.
  private func shown(
    by message: JSON, beside results: [(call: Trajectory.Call, text: String)], at place: String,
    _ images: inout [ImageReference]
  ) throws(BadRow) -> [(call: Trajectory.Call, text: String)] {
    var results = results
    guard let parts = MessagePart.list(message["content"]), parts.allSatisfy({ $0.image != nil }),
      !results.isEmpty
    else {
      throw BadRow(
        "turns out of order",
        "expected images alone after the results of calls at '\(place)', found another turn")
    }
    images += parts.compactMap(\.image)
    let marks = String(repeating: ImageColumns.mark, count: parts.count)
    let last = results.count - 1
    results[last].text += results[last].text.isEmpty ? marks : "\n" + marks
    return results
  }

  private func turn(
    _ role: String, _ message: JSON, at place: String, _ images: inout [ImageReference]
  ) throws(BadRow) -> Trajectory.Turn {
    switch role {
    case "system": return .system(try text(of: message, at: place, &images, mayBeEmpty: true))
    case "user":
      let said = try text(of: message, at: place, &images)
      try refuse(Self.results.first(where: said.trimmed.hasPrefix), at: place)
      return .user(said)
    case "assistant":
      if message["weight"]?.number == 0 || message["loss"] == false || message["train"] == false {
        throw BadRow(
          "turn not to be learnt",
          "expected turns that are all to be learnt, which is all that every trainer can do, found one that is not "
            + "at '\(place)'")
      }
      let calls = try calls(of: message, at: place)
      let said = try text(of: message, at: place, &images, mayBeEmpty: !calls.isEmpty)
      try refuse(Self.tags.first(where: said.contains), at: place)
      let beside = ["reasoning_content", "reasoning"].lazy.compactMap { message[$0]?.string }.first ?? ""
      return .assistant(try thoughts.text(said, beside: beside, mayBeEmpty: !calls.isEmpty), calls: calls)
    default:
      throw BadRow(
        "bad message",
        "expected a message of system, user, assistant or tool at '\(place)', found \(String(message.text.prefix(80)))"
      )
    }
  }

  /// A model would learn to write calls that nobody makes, and results of its own.
  private func refuse(_ tag: String?, at place: String) throws(BadRow) {
    guard let tag, !takesText else { return }
    throw BadRow(
      "calls as text",
      "expected calls and results as turns of their own, as 'protocol: native' records them, found \(tag) at '\(place)'; "
        + "'calls: text' writes them so"
    )
  }

  private static func follows(
    _ turn: Trajectory.Turn, _ last: Trajectory.Turn?, at place: String
  ) throws(BadRow) {
    let fits =
      switch (last, turn) {
      case (nil, .system), (nil, .user), (.system, .user), (.user, .assistant), (.results, .assistant): true
      case (.assistant(_, let calls), .user): calls.isEmpty
      default: false
      }
    guard fits else {
      throw BadRow(
        "turns out of order", "expected turns of user and assistant one by one, found another at '\(place)'")
    }
  }

  private func calls(of message: JSON, at place: String) throws(BadRow) -> [Trajectory.Call] {
    var calls: [Trajectory.Call] = []
    for (index, entry) in (message["tool_calls"]?.array ?? []).enumerated() {
      let function = entry["function"] ?? entry
      guard let name = function["name"]?.string, !name.isEmpty else {
        throw BadRow("bad call", "expected a call with the name of a tool at '\(place).tool_calls[\(index)]'")
      }
      let given = function["arguments"] ?? [:]
      let object = given.object ?? given.string.flatMap { try? JSON(parsing: $0) }?.object
      guard object != nil || !needsObjects else {
        throw BadRow(
          "arguments that are no object",
          "expected an object as the arguments of '\(name)' at '\(place)', found \(String(given.text.prefix(80)))"
        )
      }
      calls.append(
        .init(
          id: entry["id"]?.string ?? "call_\(index)", name: name, arguments: given.string ?? given.text,
          object: object))
    }
    return calls
  }

  /// The call that a result is of: the next one, which its identifier must not contradict.
  private func called(
    by message: JSON, _ open: [Trajectory.Call], _ place: Int, at where: String
  ) throws(BadRow) -> Trajectory.Call {
    guard place < open.count else {
      throw BadRow("result without a call", "expected a call before the result at '\(`where`)', found none")
    }
    let call = open[place]
    guard message["tool_call_id"]?.string ?? call.id == call.id else {
      throw BadRow(
        "result of another call",
        "expected the result of '\(call.id)' at '\(`where`)', found that of \(message["tool_call_id"]?.text ?? "")"
      )
    }
    return call
  }

  private func result(
    _ message: JSON, at place: String, _ images: inout [ImageReference]
  ) throws(BadRow) -> String {
    let text = try text(of: message, at: place, &images, mayBeEmpty: true)
    if writesTags, let tag = Self.tags.first(where: text.contains) {
      throw BadRow(
        "tag in a result", "expected a result without the tags of calls at '\(place)', found \(tag)")
    }
    return text
  }

  private func text(
    of message: JSON, at place: String, _ images: inout [ImageReference], mayBeEmpty: Bool = false
  ) throws(BadRow) -> String {
    let value = message["content"] ?? .null
    let marked = showsImages ? try ExportedImages.marked(value, at: place, &images) : value.string
    guard let text = value.isNull && mayBeEmpty ? "" : marked else {
      let remedy = MessagePart.list(value) == nil ? "" : " of parts; 'images: true' writes images"
      throw BadRow(
        "bad message", "expected a text as the content at '\(place)', found \(value.kind)\(remedy)")
    }
    guard mayBeEmpty || !text.isBlank else {
      throw BadRow("empty turn", "expected a text at '\(place)', found one without a word")
    }
    if text.utf8.contains(0) {
      throw BadRow("NUL in a turn", "expected no character of value 0 at '\(place)', found one")
    }
    if tokens == .drop, let token = SpecialTokens.first(in: text) {
      throw BadRow(
        "special token",
        "expected no token of a chat model at '\(place)', found '\(token)'; 'special_tokens: keep' writes it")
    }
    return text
  }

  private func offered(by row: Columns) throws(BadRow) -> [JSON] {
    guard let value = row[tools], !value.isNull, value != "", value != [], value != "[]" else { return [] }
    var offered: [JSON] = []
    for entry in try Self.list(value, "the schemas of the tools", in: tools, reason: "bad tools") {
      let function = entry["function"] ?? entry
      guard function["name"]?.string != nil else {
        throw BadRow(
          "bad tools", "expected tools with a name in '\(tools)', found \(String(entry.text.prefix(80)))")
      }
      offered.append(["type": "function", "function": function])
    }
    return offered
  }
}
