internal import OrderedCollections

/// How a server wants what it is asked to be written, where servers differ. It is in no key: the same is asked.
struct Spelling: Hashable, Sendable {
  /// Something that a server refuses, in its own words.
  enum Refusal: Hashable, Sendable { case maxTokens, systemTurn }

  /// The field that bounds a reply's tokens.
  var maxTokens = ModelSpec.TokensField.maxTokens
  /// Whether the system's words are put before those of the first user turn.
  var foldsSystemTurn = false

  /// The body as it is sent.
  func text(of exchange: Exchange) -> String {
    guard exchange.promptName == Self.turns, self != Spelling() else { return exchange.text }
    var fields = exchange.fields
    if maxTokens != .maxTokens { fields = Self.renamed(fields, to: maxTokens.rawValue) }
    if foldsSystemTurn, let turns = fields[Self.turns]?.array {
      fields[Self.turns] = .array(Self.folded(turns))
    }
    return JSON.object(fields).text
  }

  private static let turns = "messages"

  private static func renamed(_ fields: JSON.Object, to name: String) -> JSON.Object {
    let old = ModelSpec.TokensField.maxTokens.rawValue
    // Who says it in both ways has said it as the server wants it, too.
    let isSaid = fields[name] != nil
    var result: JSON.Object = [:]
    for (key, value) in fields where key != old || !isSaid { result[key == old ? name : key] = value }
    return result
  }

  /// The system's text, an empty line, and what the user says first; turns of another form are left as they are.
  private static func folded(_ turns: [JSON]) -> [JSON] {
    let isSystem = { (turn: JSON) in turn["role"]?.string == ChatMessage.Role.system.rawValue }
    let said = turns.filter(isSystem).compactMap { $0["content"]?.string }
    guard !said.isEmpty, said.count == turns.count(where: isSystem) else { return turns }
    var rest = turns.filter { !isSystem($0) }
    let first = rest.firstIndex { $0["role"]?.string == ChatMessage.Role.user.rawValue }
    let words = said + [first.flatMap { rest[$0]["content"]?.string }].compactMap { $0 }
    let turn = [ChatMessage.user(words.joined(separator: "\n\n"))].json.array ?? []
    guard let first else { return turn + rest }
    if let parts = rest[first]["content"]?.array, var shown = rest[first].object {
      shown["content"] = .array([MessagePart.text(words.joined(separator: "\n\n") + "\n\n").json] + parts)
      rest[first] = .object(shown)
      return rest
    }
    guard rest[first]["content"]?.string != nil else { return turns }
    rest.replaceSubrange(first...first, with: turn)
    return rest
  }
}

extension EndpointError {
  /// What the server says that it does not take, though it could be asked the same in another way.
  var spelling: Spelling.Refusal? {
    guard [400, 422, 500].contains(status) else { return nil }
    if says(["max_completion_tokens"]), says(["not supported", "unsupported", "not support"]) {
      return .maxTokens
    }
    return says(Self.systemWords) ? .systemTurn : nil
  }

  /// The field of a chat's sampling that this model takes from nobody, or in one value alone; nil where the refusal is about
  /// something else.
  func refusedField(among fields: JSON.Object) -> ModelSpec.SamplingField? {
    guard [400, 422].contains(status), says(Self.unsupportedWords) else { return nil }
    return ModelSpec.SamplingField.allCases.first { field in
      let name = field.rawValue
      return fields[name] != nil && (parameter == name || says(["'\(name)'", "`\(name)`", "\"\(name)\""]))
    }
  }

  private static let unsupportedWords = [
    "not supported", "unsupported", "does not support", "doesn't support", "only the default",
    "may only be set to", "is deprecated for this model", "cannot both be specified",
  ]

  private static let systemWords = [
    "system role not supported", "system role is not supported", "does not support system",
    "doesn't support system", "does not support the system", "system message is not supported",
    "system messages are not supported", "system prompt is not supported",
    "developer instruction is not enabled", "only user and assistant roles are supported",
  ]
}
