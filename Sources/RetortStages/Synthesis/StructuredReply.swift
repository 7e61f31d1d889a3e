internal import OrderedCollections
internal import RetortCore

/// Asks for JSON and reads it, asking again a bounded number of times with the exact complaint.
///
/// Of several values in a reply the last that fits is read. Before it may stand what else there is: citations, drafts,
/// examples. After it may stand what is no other answer; a later value that has all that was asked for and does not
/// fit, or is broken, is the model's last word, and complained about.
struct StructuredReply: Sendable {
  enum Result<Value: Sendable>: Sendable {
    case value(Value, repairs: Int)
    /// `reason` is a short fixed phrase to count drops by.
    case useless(reason: String, detail: String)

    /// What it means for a stage that draws several samples.
    func sampled<Output>(_ output: (Value) -> Output) -> Sampled<Output> {
      switch self {
      case .value(let value, _): .output(output(value))
      case .useless(let reason, let detail): .leftOut(reason: reason, detail: detail)
      }
    }

    /// What it means for a stage that draws one.
    func outcome<Output>(_ output: (Value) -> Output) -> Outcome<Output> { Outcome([sampled(output)]) }
  }

  /// What a reader of a reply says when it does not fit; shown to the model.
  struct Complaint: Error, Hashable, Sendable {
    var message: String
    init(_ message: String) { self.message = message }
  }

  /// Most characters of a useless reply that the model is shown again.
  static let quoted = 16_384

  let model: any ChatModel
  let sampling: Sampling
  let schema: JSON?
  /// What replies are held to, beside what their reader asks.
  let rules: Rules?
  /// How many more times the model may be asked; each is a fresh draw.
  let attempts: Int
  /// The draw of the first request; repairs count on from it.
  let firstDraw: Int

  init(
    model: any ChatModel, sampling: Sampling, schema: JSON?, rules: Rules? = nil, attempts: Int,
    firstDraw: Int = 0
  ) {
    self.rules = rules
    self.firstDraw = firstDraw
    self.model = model
    self.sampling = sampling
    self.schema = schema
    self.attempts = attempts
  }

  /// Errors: ``ModelError``; what the model writes is never an error but a result.
  func ask<Value: Sendable>(
    _ messages: [ChatMessage], read: (JSON) throws(Complaint) -> Value
  ) async throws -> Result<Value> {
    var messages = messages
    var complaint = ""
    for attempt in 0...max(0, attempts) {
      let reply = try await model.reply(
        to: ChatRequest(messages, sampling: sampling, schema: schema, draw: firstDraw + attempt))
      if let flaw = reply.flaw {
        return .useless(reason: flaw, detail: reply.ending)
      }
      do throws(Complaint) {
        return .value(try chosen(from: reply.text, read), repairs: attempt)
      } catch {
        complaint = error.message
      }
      messages += [
        .assistant(String(reply.text.prefix(Self.quoted))),
        .user(
          "That reply cannot be used. \(complaint). Answer again with the corrected JSON and nothing else."),
      ]
    }
    return .useless(reason: "reply not usable", detail: complaint)
  }

  /// What the last value that fits is read as.
  private func chosen<Value: Sendable>(
    from text: String, _ read: (JSON) throws(Complaint) -> Value
  ) throws(Complaint) -> Value {
    let values: ReplyValues
    do { values = try ReplyValues(in: text) } catch { throw Complaint("Expected JSON: \(error)") }
    var nearest: (complaint: () -> Complaint, isNear: Bool)?
    for found in values.found.reversed() {
      let complaint: () -> Complaint
      let (isLastWord, isNear): (Bool, Bool)
      switch found {
      case .whole(let json, _):
        do throws(Complaint) { return try self.read(json, read) } catch {
          complaint = { error }
          (isLastWord, isNear) = (asked.isAnswer(json), asked.isNear(json))
        }
      case .broken(let error, let range):
        // Places are counted for the one that is told.
        complaint = { Complaint("Expected JSON: \(values.placed(error, after: range.lowerBound))") }
        isLastWord = asked.isAttempt(values.text(of: range))
        isNear = isLastWord
      }
      if isLastWord { throw complaint() }
      if nearest == nil || isNear && nearest?.isNear == false { nearest = (complaint, isNear) }
    }
    throw nearest?.complaint() ?? Complaint("Expected JSON: \(values.nothing)")
  }

  private func read<Value: Sendable>(
    _ json: JSON, _ read: (JSON) throws(Complaint) -> Value
  ) throws(Complaint) -> Value {
    let value = try read(json)
    if let rules {
      let complaints = rules.schema.complaints(about: rules.form(json))
      guard complaints.isEmpty else { throw Complaint(complaints.joined(separator: "; ")) }
    }
    return value
  }

  private var asked: AskedValue { AskedValue(rules?.schema.json) }
}

extension StructuredReply {
  /// A schema that replies are held to once their reader has taken them.
  struct Rules: Sendable {
    let schema: JSONSchema
    /// A reply in the schema's form, where its reader takes others.
    let form: @Sendable (JSON) -> JSON

    init(_ schema: JSONSchema, form: @escaping @Sendable (JSON) -> JSON = { $0 }) {
      self.schema = schema
      self.form = form
    }

    /// Errors: ``StageError`` for a schema with mistakes.
    init(_ schema: JSON, form: @escaping @Sendable (JSON) -> JSON = { $0 }) throws {
      do throws(JSONSchema.Mistakes) { self.init(try JSONSchema(schema), form: form) } catch {
        throw StageError(error.all.map(\.message).joined(separator: "; "))
      }
    }
  }
}

/// What tells an answer from what else a reply holds.
private struct AskedValue {
  /// Keys that the object has that was asked for; empty where none are known.
  private let keys: [String]
  private let takesLists: Bool

  init(_ schema: JSON?) {
    keys =
      (schema?["required"]?.array ?? []).compactMap(\.string).nonEmpty
      ?? Array(schema?["properties"]?.object?.keys ?? [])
    let types = schema?["type"].map { $0.array ?? [$0] } ?? ["array"]
    takesLists = types.contains("array")
  }

  /// Whether the value is an answer, be it a wrong one: an object with all keys, or a list of more than numbers.
  func isAnswer(_ json: JSON) -> Bool {
    if let fields = json.object { return !keys.isEmpty && keys.allSatisfy { fields[$0] != nil } }
    return takesLists && (json.array ?? []).contains { $0.number == nil }
  }

  /// Whether the complaint about the value is worth more than one about another.
  func isNear(_ json: JSON) -> Bool {
    json.object.map { fields in keys.contains { fields[$0] != nil } } ?? (takesLists && json.array != nil)
  }

  /// Whether broken text was meant as an answer.
  func isAttempt(_ text: String) -> Bool {
    keys.isEmpty ? text.contains("\"") : keys.contains(where: text.contains) || text.hasPrefix("[\"")
  }
}

extension Array {
  fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}
