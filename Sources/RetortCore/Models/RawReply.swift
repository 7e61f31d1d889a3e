/// An answer as it came, before anyone has made something of it.
package struct RawReply: Hashable, Sendable {
  package var status: Int
  package var body: String
  /// As the endpoint counted.
  package var usage: Usage
  /// What is booked instead where the endpoint counted far too few tokens for the text.
  package var booked: Usage?
  /// How long the endpoint took for the try that succeeded.
  package var seconds: Double
  /// How many tries it took, at least 1.
  package var attempts: Int
  /// The call's number in the store; 0 if it has none.
  package var call: Int64
  /// Whether the reply came from memory, so that nothing was paid for it.
  package var remembered: Bool
  /// What was read of it on the way, so that nobody reads it again.
  package var reading = Reading()

  package init(
    status: Int = 200, body: String, usage: Usage = .init(), booked: Usage? = nil, seconds: Double = 0,
    attempts: Int = 1, call: Int64 = 0, remembered: Bool = false, reading: Reading = Reading()
  ) {
    self.status = status
    self.body = body
    self.usage = usage
    self.booked = booked
    self.seconds = seconds
    self.attempts = attempts
    self.call = call
    self.remembered = remembered
    self.reading = reading
  }

  /// The body with what it says. Errors: ``ModelError`` of kind `malformed`.
  package func read() throws -> ReplyBody {
    if let json = reading.json { return ReplyBody(text: body, json: json) }
    do { return ReplyBody(text: body, json: try JSON(parsing: body)) } catch {
      throw ModelError(.malformed, status: status, "expected a JSON reply: \(error)")
    }
  }

  /// Follows from the reply, so it is no part of what tells one reply from another.
  package struct Reading: Hashable, Sendable {
    /// What the body says.
    package var json: JSON?
    /// What the endpoint says that may still be sent.
    var quota: RateQuota?
    /// The replies that a batch was taken apart into, each remembered by itself, in the order of what was asked.
    package var parts: [RawReply] = []

    package init(json: JSON? = nil, parts: [RawReply] = []) {
      self.json = json
      self.parts = parts
    }

    package static func == (left: Reading, right: Reading) -> Bool { true }
    package func hash(into hasher: inout Hasher) {}
  }
}

/// A reply's body and what it says, parsed once.
package struct ReplyBody: Hashable, Sendable {
  package let text: String
  package let json: JSON

  package init(text: String, json: JSON) {
    self.text = text
    self.json = json
  }
}
