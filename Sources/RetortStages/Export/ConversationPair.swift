internal import OrderedCollections
internal import RetortCore

/// Of two conversations, what stands after the turns in which they agree.
package enum ComparedTurns: String, Codable, Hashable, Sendable, CaseIterable {
  /// All of it, in which no result may stand for a trainer that learns them.
  case rest
  /// The first turn that differs, and nothing after it.
  case turn
}

/// Two conversations that begin alike, parted where they begin to differ: what stands before is the prompt of both, so that
/// no trainer learns it, results that both were given included.
struct ConversationPair: Sendable {
  /// Ends with the question or with a result.
  let shared: [JSON]
  let chosen: [JSON]
  let rejected: [JSON]
  /// The schemas, JSON as text.
  let tools: String

  /// Of what both have, what comes after the last turn of the user.
  var sharedAnswers: [JSON] {
    Array(shared[((shared.lastIndex { $0["role"] == "user" } ?? -1) + 1)...])
  }

  var hasCalls: Bool { (shared + chosen + rejected).contains { $0["tool_calls"] != nil } }

  /// Whether a column has a conversation and no single turn.
  static func stands(in value: JSON?) -> Bool { (value?.array?.count ?? 0) > 1 }

  /// Of the columns `chosen` and `rejected`, under `tools`. Errors: ``BadRow``.
  init(of row: Columns, comparing compared: ComparedTurns, learnsResults: Bool) throws(BadRow) {
    let (chosen, rejected) = (
      try Self.trajectory(of: row, in: "chosen"), try Self.trajectory(of: row, in: "rejected")
    )
    let (left, right) = (chosen.messages, rejected.messages)
    let alike = zip(left, right).prefix { Self.isSame($0, $1) }.count
    guard alike < left.count || alike < right.count else {
      throw BadRow(
        "equal pair", "expected two different conversations in 'chosen' and 'rejected', found one twice")
    }
    guard let last = left[..<alike].lastIndex(where: { $0["role"] != "assistant" }) else {
      throw BadRow(
        "other questions", "expected conversations that begin alike in 'chosen' and 'rejected', found others")
    }
    let most = compared == .turn ? 1 : Int.max
    self.chosen = Array(left[(last + 1)...].prefix(most))
    self.rejected = Array(right[(last + 1)...].prefix(most))
    shared = Array(left[...last])
    tools = JSON.array(chosen.tools).text
    try check(learnsResults)
  }

  private func check(_ learnsResults: Bool) throws(BadRow) {
    let differing = chosen + rejected
    // ms-swift takes a rejected side for what comes after the last turn of the user.
    guard !differing.contains(where: { $0["role"] == "user" }) else {
      throw BadRow(
        "turn of the user in a pair",
        "expected no turn of the user where 'chosen' and 'rejected' differ, found one")
    }
    guard !learnsResults || !differing.contains(where: { $0["role"] == "tool" }) else {
      throw BadRow(
        "result in a pair",
        "expected 'chosen' and 'rejected' that differ after the last result alone, since TRL learns what stands there, "
          + "found a result; 'compare: turn' compares the first turns that differ, and ms-swift leaves results out"
      )
    }
  }

  private static func trajectory(of row: Columns, in column: String) throws(BadRow) -> (
    messages: [JSON], tools: [JSON]
  ) {
    let reader = TrajectoryReader(
      messages: column, tools: "tools", thoughts: .keep, tokens: .drop, needsObjects: true, writesTags: false,
      // What both begin with is no answer that is learnt.
      writesShareGPT: false, keepsDemonstrations: true)
    let read = try reader.trajectory(of: row)
    return (read.messages(objects: true), read.tools)
  }

  /// Calls have other identifiers in every rollout.
  private static func isSame(_ left: JSON, _ right: JSON) -> Bool { unnamed(left) == unnamed(right) }

  static func unnamed(_ message: JSON) -> JSON {
    guard var fields = message.object else { return message }
    fields["tool_call_id"] = nil
    fields["tool_calls"] = fields["tool_calls"]?.array.map { calls in
      .array(
        calls.map { call in
          var call = call.object ?? [:]
          call["id"] = nil
          return .object(call)
        })
    }
    return .object(fields)
  }
}
