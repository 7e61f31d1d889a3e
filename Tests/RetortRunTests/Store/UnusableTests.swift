import Foundation
import GRDB
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortReport
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

/// Replies that an earlier version remembered and nobody can use; numbers that no endpoint should have given.
@Suite struct UnusableTests {
  private static func chat(_ content: String, _ end: String, more: String = "") -> String {
    #"{"choices":[{"message":{"content":"\#(content)"},"finish_reason":"\#(end)"\#(more)}]}"#
  }

  private func remember(_ bodies: [(JSON.Object, String)], _ store: Store) async throws -> [Int64] {
    var ids: [Int64] = []
    for (number, (body, reply)) in bodies.enumerated() {
      let call = ModelRequest(
        model: ModelSpec(alias: "m", name: "m"), origin: CallOrigin(run: 1), path: "x", body: .object(body),
        identity: .int(Int64(number)))
      ids.append(try await store.replies.remember(call, RawReply(body: reply)))
    }
    return ids
  }

  @Test func whatNobodyCanUseIsFoundAndNothingElse() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    let judged: JSON.Object = [
      "messages": [["role": "system", "content": .string(Judge.instruction)]], "max_tokens": 1,
      "top_logprobs": 20,
    ]
    let vector: JSON.Object = ["input": ["t"], "encoding_format": "float"]
    let plain: JSON.Object = [:]
    var good: [(JSON.Object, String)] = [
      (plain, Self.chat("all", "stop")), (plain, Self.chat("cut", "length")), (plain, Self.chat("", "stop")),
      (plain, Self.chat("no", "SAFETY")), (plain, Self.chat("odd", "pause_turn")),
      (plain, #"{"tokens":[1]}"#),
      (plain, #"{"rewards":[0.5]}"#), (plain, #"{"data":[{"data":[[1.5]]}]}"#), (plain, #"{"unheard":"of"}"#),
      (judged, #"{"choices":[{"message":{},"logprobs":{"content":[{"token":"no","logprob":-0.5}]}}]}"#),
    ]
    good += Array(repeating: (vector, #"{"data":[{"index":0,"embedding":[1,2]}]}"#), count: 20)
    let bad: [(JSON.Object, String)] = [
      (plain, Self.chat("half", "abort")),
      (plain, Self.chat("half", "stop", more: #","error":{"message":"x"}"#)),
      (plain, "<html>"), (plain, #"{"error":{"message":"x"}}"#), (plain, #"{"rewards":[1.7e308]}"#),
      (judged, Self.chat("Yes", "stop")), (vector, #"{"data":[{"index":0,"embedding":[0,0]}]}"#),
      (vector, #"{"data":[{"index":0,"embedding":[1]}]}"#),
    ]
    let ids = try await remember(good + bad, lab.store)
    let used = [(2, ids[0]), (3, ids[good.count])]
    try await lab.store.write { db in
      for (step, reply) in used {
        try db.execute(
          sql: "INSERT INTO step_call (step, seq, reply) VALUES (?, 0, ?)", arguments: [step, reply])
      }
    }
    let dry = try await lab.store.collectUnusable(dryRun: true)
    #expect((dry.replies, dry.steps) == (bad.count, 1))
    let freed = try await lab.store.collectUnusable()
    #expect((freed.replies, freed.steps, freed.runs) == (bad.count, 1, 0))
    let left = try await lab.store.inspector.table("SELECT id FROM reply ORDER BY id").rows.compactMap {
      $0[0].int
    }
    #expect(left == Array(ids.prefix(good.count)))
    #expect(try await lab.store.collectUnusable().replies == 0)
    // The step that used one is made again, and no other.
    lab.forgetPerformed()
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.count == 1)
  }

  @Test func aStoreOfAbsurdNumbersCanBeLookedAt() async throws {
    let lab = try Lab(records: ["a"])
    let run = try await lab.run().run
    _ = try await remember([([:], "{}"), (["x": 1], "{}")], lab.store)
    try await lab.store.write { db in
      for (id, values) in [
        (
          1,
          "prompt_tokens = 5000000000000000000, completion_tokens = 5000000000000000000, usd = 9e999, attempts = -1"
        ),
        (
          2,
          "prompt_tokens = 'many', completion_tokens = x'00', cached_tokens = 1e300, usd = 'x', seconds = -9e999"
        ),
      ] { try db.execute(sql: "UPDATE reply SET \(values), run = \(run) WHERE id = \(id)") }
      try db.execute(sql: "INSERT INTO step_call (step, seq, reply) VALUES (2, 0, 1), (2, 1, 2)")
    }
    let most = Usage.most
    #expect(try await lab.store.replies.spent(since: run) == .init(usd: 1e12, tokens: 2 * most))
    let report = try await RunReport.read(run, from: lab.store.inspector, catalog: .standard)
    #expect(report.calls.map(\.tally.promptTokens) == [most])
    #expect(
      try await lab.store.inspector.callTotals(after: [0, 0]).totals[run]?.values.map(\.completionTokens) == [
        most
      ])
    #expect(try await lab.store.inspector.calls([1, 2]).map(\.cachedTokens) == [0, most])
    #expect(try await lab.store.inspector.runs().rows.count == 1)
    #expect(
      try await lab.store.inspector.measures(of: ["shout": []], in: lab.pipeline.name)["shout"]?.models["m"]?
        .prompt.greatest == Double(most))
    let row = try #require(
      try await lab.store.inspector.rows(of: "read", run: run, limit: 1).rows[0][0].string)
    #expect(try await !lab.store.inspector.trace(row, run: run).rows.isEmpty)
    _ = try await Forecast.make(
      Plan.make(lab.pipeline, store: lab.store, options: RunOptions(redo: ["shout"])), of: lab.pipeline,
      store: lab.store)
    #expect(try await lab.store.collect(keepRuns: 1).runs == 0)
  }
}
