internal import OrderedCollections
internal import RetortCore

/// The conversation of a row that a model learns: a prompt and the answer to it, or a column with all turns.
struct SupervisedTurns: Sendable {
  static let help = [
    "messages":
      "The column with a whole conversation, in place of user and assistant: a list of messages (role and content, or from and value), or that list as JSON text.",
    "system":
      "The system turn, a template such as 'Answer in {{language}}.'; default none but what the conversation begins with.",
    "user":
      "The user turn, a template such as '{{question}}'. Default: the column 'prompt' (a text or a list of messages) of rows that have it, of others 'question'.",
    "prompt": "File with the template of the user turn, for long ones.",
    "assistant":
      "The answer to be learnt, a template such as '{{label}}'. Default: the column 'completion' of rows that have it, of others 'reply'.",
    "thoughts":
      "What becomes of an answer's thoughts: keep (the text as it is), think (every answer begins with <think>…</think>, of what was thought in the text, in the message's reasoning_content or in the column 'reasoning') or remove; default keep.",
    "special_tokens":
      "What becomes of a row that quotes a token of chat models, such as <|im_end|>, which a trainer would take for the end of the turn: drop or keep; default drop.",
    PromptSource.key: PromptSource.help,
  ]

  struct Keys {
    var messages: String?
    var system: String?
    var user: String?
    var prompt: PromptFile?
    var assistant: String?
    var promptFrom: PromptSource?
    var thoughts: ThoughtForm?
    var specialTokens: SpecialTokens?
    /// Whether rows have images beside their texts.
    var showsImages = false
  }

  private let column: ConversationColumn?
  private var turns: TrainingTurns
  private let system: Prompt?
  private let user: Prompt?
  private let assistant: Prompt?
  private let isShown: Bool
  private let thoughts: ThoughtForm
  private let tokens: SpecialTokens

  init(_ keys: Keys, in workspace: Workspace) throws {
    let own = [
      ("user", keys.user != nil), ("prompt", keys.prompt != nil), ("system", keys.system != nil),
    ]
    let others =
      own.filter { $0.0 != "system" }
      + [("assistant", keys.assistant != nil), (PromptSource.key, keys.promptFrom != nil)]
    if keys.messages != nil, let other = others.first(where: \.1)?.0 {
      throw StageError(
        "messages: expected it without '\(other)', since it has the whole conversation, found both")
    }
    column = keys.messages.map { ConversationColumn(column: $0) }
    system = try Prompt.checked(keys.system, under: "system")
    user = try TrainingTurns.userTurn(keys.user, keys.prompt)
    assistant = try Prompt.checked(keys.assistant, under: "assistant")
    turns = TrainingTurns(
      showing: try workspace.prompt(keys.promptFrom, besides: own), user: user, system: system)
    turns.showsImages = keys.showsImages
    isShown = keys.promptFrom != nil
    thoughts = keys.thoughts ?? .keep
    tokens = keys.specialTokens ?? .drop
  }

  /// Whether every answer of a conversation is to be learnt, and not the last alone.
  var learnsAll: Bool { column != nil }

  var reads: [ColumnUse] {
    let system = system?.reads ?? []
    if let column { return ColumnUse.joined([ColumnUse(column.column)], system) }
    let prompt =
      isShown || user != nil
      ? turns.reads : [ColumnUse("question", or: ["prompt"]), ColumnUse("prompt", required: false)]
    let answer =
      assistant?.reads ?? [ColumnUse("completion", or: ["reply"]), ColumnUse("reply", required: false)]
    let thoughts = thoughts == .think ? [ColumnUse("reasoning", required: false)] : []
    return ColumnUse.joined(ColumnUse.joined(ColumnUse.joined(prompt, system), answer), thoughts)
  }

  /// What the export's own keys put into its prompts; nil where they are those of another stage, or the row's own.
  var own: Set<PromptPart>? { column == nil ? turns.own : nil }

  /// Errors: ``BadRow``; a model's, where the prompt of another stage counts tokens.
  func conversation(of row: Columns) async throws -> [JSON] {
    if let column { return try sound(whole(column, of: row)) }
    return try sound(await answered(row))
  }

  private func whole(_ column: ConversationColumn, of row: Columns) throws(BadRow) -> [JSON] {
    var turns: [JSON] = []
    for message in try column.messages(of: row) {
      let isAnswer = message.role == "assistant"
      let text = isAnswer ? try thoughts.text(message.content, beside: message.thoughts) : message.content
      turns.append(TrainingTurns.turn(message.role, text))
    }
    guard let system else { return turns }
    guard turns.first?["role"] != "system" else {
      throw BadRow(
        "two system turns", "expected no system turn in '\(column.column)' beside the key 'system'")
    }
    try row.fills(system, under: "system")
    return [TrainingTurns.turn("system", try row.rendered(system, or: "no system turn"))] + turns
  }

  private func answered(_ row: Columns) async throws -> [JSON] {
    for (key, template) in [("system", system), ("assistant", assistant)] {
      if let template { try row.fills(template, under: key) }
    }
    let beside = row["reasoning"]?.string ?? ""
    return try await turns.turns(of: row)
      + [TrainingTurns.assistant(try thoughts.text(answer(of: row), beside: beside))]
  }

  private func answer(of row: Columns) throws(BadRow) -> String {
    if let assistant { return try row.rendered(assistant, or: "no answer") }
    let isReply = (row["completion"] ?? .null).isNull && !(row["reply"] ?? .null).isNull
    return try row.assistantText(isReply ? "reply" : "completion")
  }

  /// The turns as they are written; a system turn that says nothing is left out.
  private func sound(_ turns: [JSON]) throws(BadRow) -> [JSON] {
    var sound: [JSON] = []
    for turn in turns {
      let (role, text) = (turn["role"]?.string ?? "", turn["content"]?.string ?? "")
      if text.isBlank {
        if role == "system" { continue }
        throw BadRow("empty turn", "expected a text in the turn of \(role), found one without a word")
      }
      if text.utf8.contains(0) {
        throw BadRow("NUL in a turn", "expected no character of value 0 in the turn of \(role), found one")
      }
      if tokens == .drop, let token = SpecialTokens.first(in: text) {
        throw BadRow(
          "special token",
          "expected no token of a chat model in the turn of \(role), found '\(token)'; 'special_tokens: keep' "
            + "writes it")
      }
      sound.append(turn)
    }
    return sound
  }
}
