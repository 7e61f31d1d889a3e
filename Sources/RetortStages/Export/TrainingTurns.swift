internal import OrderedCollections
internal import RetortCore

/// The conversation that a row's completions answer: a list of `{"role", "content"}`, that of `system` first where
/// there is one, then `user` and `assistant` in turn, `user` last. No trainer takes another order without complaint.
struct TrainingTurns: Sendable {
  static let help = [
    "user": "The user turn, a template such as '{{ticket}}'; for long ones there is prompt.",
    "prompt":
      "File with the user turn; its names are columns. Default: the column 'prompt' (a text or a list of messages) of rows that have it, of others 'question'.",
    "system": "The system turn; default none but what a list in 'prompt' begins with.",
    PromptSource.key: PromptSource.help,
  ]

  private enum System {
    /// Sent as it is written.
    case text(String)
    case template(Prompt)
  }

  private let source: RenderedPrompt?
  private let hidden: Set<String>
  private let prompt: Prompt?
  /// Whether a row must have something in every column that the user turn names plainly.
  private let isWhole: Bool
  private let system: System?
  /// Whether the prompt of another stage may show images, which its texts have a mark for then.
  var showsImages = false

  /// `hidden`: columns with the known answer.
  init(
    from source: PromptSource?, user: String?, prompt: PromptFile?, system: String?,
    hiding hidden: Set<String> = [], in workspace: Workspace
  ) throws {
    self.source = try workspace.prompt(
      source, besides: [("user", user != nil), ("prompt", prompt != nil), ("system", system != nil)],
      hiding: hidden)
    self.hidden = hidden
    self.prompt = try Self.userTurn(user, prompt)
    isWhole = user != nil
    self.system = try PlainText.checked(system, under: "system").map(System.text)
  }

  /// Both turns rendered of a row's columns, where no other stage's prompt is shown.
  init(showing source: RenderedPrompt?, user: Prompt?, system: Prompt?) {
    self.source = source
    hidden = []
    prompt = user
    isWhole = true
    self.system = system.map(System.template)
  }

  /// Errors: ``StageError`` for both, and for a text that is no template.
  static func userTurn(_ text: String?, _ file: PromptFile?) throws -> Prompt? {
    guard text == nil || file == nil else {
      throw StageError("user: expected one of 'user' and 'prompt', found both")
    }
    return try file.map { try Prompt(text: $0.text) } ?? Prompt.checked(text, under: "user")
  }

  var reads: [ColumnUse] {
    source?.reads ?? prompt?.reads ?? ["prompt", "question"].map { ColumnUse($0, required: false) }
  }

  /// What the export's own keys put into its prompts; nil where they are those of another stage.
  var own: Set<PromptPart>? {
    guard source == nil else { return nil }
    return Set((system == nil ? [] : [.system]) + (prompt == nil ? [] : [.template]))
  }

  /// Errors: ``BadRow``; a model's, where the prompt of another stage counts tokens.
  func turns(of row: Columns) async throws -> [JSON] {
    if let source { return try await turns(of: row, source) }
    return try ownTurns(of: row)
  }

  private func turns(of row: Columns, _ source: RenderedPrompt) async throws -> [JSON] {
    let messages: [ChatMessage]
    do { messages = try await source.messages(of: row, hiding: hidden) } catch {
      guard error is PromptError || error is StageError || error is JSONError else { throw error }
      throw BadRow("no prompt", "\(error)")
    }
    guard !showsImages else {
      return messages.map { Self.turn($0.role.rawValue, ExportedImages.text(of: $0)) }
    }
    guard messages.allSatisfy(\.images.isEmpty) else {
      throw BadRow(
        "images in the prompt",
        "expected a prompt of texts alone, found images in that of the stage under '\(PromptSource.key)', which this export "
          + "does not write")
    }
    return messages.map { Self.turn($0.role.rawValue, $0.content) }
  }

  private func ownTurns(of row: Columns) throws(BadRow) -> [JSON] {
    let turns = try given(by: row)
    guard let system = try systemText(of: row) else { return turns }
    guard turns.first?["role"] != "system" else {
      throw BadRow("two system turns", "expected no system turn in 'prompt' beside the key 'system'")
    }
    return [Self.turn("system", system)] + turns
  }

  private func systemText(of row: Columns) throws(BadRow) -> String? {
    switch system {
    case nil: return nil
    case .text(let text): return text
    case .template(let template): return try row.rendered(template, or: "no system turn")
    }
  }

  static func turn(_ role: String, _ content: String) -> JSON {
    ["role": .string(role), "content": .string(content)]
  }

  static func assistant(_ content: String) -> JSON { turn("assistant", content) }

  private func given(by row: Columns) throws(BadRow) -> [JSON] {
    if let prompt {
      if isWhole { try row.fills(prompt, under: "user") }
      return [Self.turn("user", try row.rendered(prompt, or: "no prompt"))]
    }
    let column = row["prompt"].map { $0.isNull ? "question" : "prompt" } ?? "question"
    switch row[column] {
    case .string(let text) where !text.trimmed.isEmpty: return [Self.turn("user", text)]
    case .array(let list): return try Self.conversation(list, column)
    case let other:
      throw BadRow(
        "no prompt",
        "expected a text or a list of messages in '\(column)', found \(other.map(Self.found) ?? "nothing")")
    }
  }

  private static func found(_ value: JSON) -> String {
    value.string == nil ? value.kind : "a text without a word"
  }

  private static func conversation(_ list: [JSON], _ column: String) throws(BadRow) -> [JSON] {
    var turns: [JSON] = []
    var expected: Set<String> = ["system", "user"]
    for (index, message) in list.enumerated() {
      guard let role = message["role"]?.string, let content = message["content"]?.string,
        expected.contains(role)
      else {
        throw BadRow(
          "bad prompt",
          "expected a message of \(expected.sorted().joined(separator: " or ")) with a text as its content at "
            + "'\(column)[\(index)]', found \(String(message.text.prefix(80)))")
      }
      turns.append(turn(role, content))
      expected = role == "user" ? ["assistant"] : ["user"]
    }
    guard turns.last?["role"] == "user" else {
      throw BadRow("bad prompt", "expected the last message of '\(column)' to be the user's")
    }
    return turns
  }
}

extension Prompt {
  /// A template of the pipeline file. Errors: ``StageError`` that begins with its key.
  static func checked(_ text: String?, under key: String) throws -> Prompt? {
    do { return try text.map { try Prompt(text: $0) } } catch { throw StageError("\(key): \(error)") }
  }
}

extension Columns {
  /// A template with the row's values, without white space around it. `reason`: of a row that lacks one.
  func rendered(_ template: Prompt, or reason: String) throws(BadRow) -> String {
    do { return try template.render(values).trimmed } catch { throw BadRow(reason, "\(error)") }
  }

  /// Errors: ``BadRow`` where a column that a template names plainly is empty, so that its turn would have a hole.
  func fills(_ template: Prompt, under key: String) throws(BadRow) {
    for use in template.uses where use.isRequired {
      switch self[use.name] ?? .null {
      case .null:
        throw BadRow("no \(use.name)", "expected a value in '\(use.name)', which '\(key)' names, found none")
      case .string(let text) where text.isBlank:
        throw BadRow(
          "empty \(use.name)",
          "expected a text in '\(use.name)', which '\(key)' names, found one without a word; in "
            + "{{#\(use.name)}}…{{/\(use.name)}} it may be empty")
      default: continue
      }
    }
  }

  /// What the assistant says in a column: a text, a message, or a list of one message.
  func assistantText(_ column: String) throws(BadRow) -> String {
    var value = self[column] ?? .null
    if let list = value.array, list.count == 1 { value = list[0] }
    if value["role"] == "assistant" { value = value["content"] ?? .null }
    guard let text = value.string, !text.isBlank else {
      throw BadRow(
        "no text in \(column)",
        "expected a text or one message of the assistant in '\(column)', found "
          + (value.string == nil ? value.kind : "a text without a word"))
    }
    return text
  }

  /// Booleans count as 1 and 0.
  func finiteNumber(_ column: String) throws(BadRow) -> Double {
    if isUnread(column) { throw Self.unreadable(column) }
    let value = self[column] ?? .null
    if let flag = value.bool { return flag ? 1 : 0 }
    guard let number = value.number, number.isFinite else {
      throw BadRow(
        "no number in \(column)", "expected a finite number in '\(column)', found \(value.kind)")
    }
    return number
  }
}

extension JSON {
  /// An object of `own` keys and then of `more`.
  static func record(_ own: Object, _ more: Object) -> JSON {
    .object(own.merging(more, uniquingKeysWith: { own, _ in own }))
  }
}
