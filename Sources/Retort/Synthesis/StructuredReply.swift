/// Asks for JSON and reads it, asking again a bounded number of times with the exact complaint.
package struct StructuredReply: Sendable {
  package enum Result<Value: Sendable>: Sendable {
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
  package struct Complaint: Error, Hashable, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
  }

  /// Most characters of a useless reply that the model is shown again.
  static let quoted = 16_384

  let model: any ChatModel
  let sampling: Sampling
  let schema: JSON?
  /// How many more times the model may be asked; each is a fresh draw.
  let attempts: Int
  /// The draw of the first request; repairs count on from it.
  let firstDraw: Int

  package init(
    model: any ChatModel, sampling: Sampling, schema: JSON?, attempts: Int, firstDraw: Int = 0
  ) {
    self.firstDraw = firstDraw
    self.model = model
    self.sampling = sampling
    self.schema = schema
    self.attempts = attempts
  }

  /// Errors: ``ModelError``; what the model writes is never an error but a result.
  package func ask<Value: Sendable>(
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
        return .value(try read(try Self.json(reply.text)), repairs: attempt)
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

  private static func json(_ text: String) throws(Complaint) -> JSON {
    do { return try JSON.salvage(from: text) } catch { throw Complaint("Expected JSON: \(error)") }
  }
}
