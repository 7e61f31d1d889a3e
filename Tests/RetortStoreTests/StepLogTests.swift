import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStore

/// A reader of two rows and a stage that takes them one by one, as a run writes them down.
@Suite struct StepLogTests {
  private let store: Store
  private var steps: StepLog { store.steps }

  init() throws { store = try Store(path: Bench.folder().appending(path: "store.sqlite").path) }

  private static func request(
    _ name: String, _ place: StagePlace, redo: Redo = .none, retries: Bool = false
  ) -> StageRequest {
    StageRequest(
      name: name, place: place, kind: name, version: 1,
      key: StageKey(
        ["kind": .string(name), "version": 1, "with": ["key": "secret"]], fallsBack: !place.from.isEmpty),
      shown: { _ in ["kind": "shown"] }, redo: redo, retriesRefused: retries)
  }

  /// A run whose reader has read these words; the place of the stage that takes them.
  private func read(_ words: [String]) async throws -> StagePlace {
    let stages = [("read", []), ("tell", ["read"])].map { name, from in
      NewRun.Stage(name: name, kind: name, version: 1, from: from, using: [:], columns: ["word"])
    }
    let new = NewRun(
      pipeline: "p", file: "/p.yaml", flags: [:], origin: nil, fingerprint: Digest(of: "p"), resolved: [:],
      stages: stages)
    let run = try await steps.beginRun(new, at: 1).run
    let reader = StagePlace(run: run, ordinal: 0, from: [])
    let begun = try await steps.begin(Self.request("read", reader))
    let found = try await steps.findSet(reader, passing: [], under: begun.fingerprints, withFiles: true)
    if let step = found.step {
      _ = try await steps.answerSet(reader, from: step, .all)
    } else {
      let fingerprint = try #require(begun.fingerprint)
      let step = try await steps.beginSet(reader, fingerprint: fingerprint, at: 2)
      let rows = words.map { SetEmission(member: nil, content: .row(PackedRow(Row(["word": .string($0)])))) }
      try await steps.recordSet(rows, of: step, from: 0)
      let out = try await steps.finishSet(
        step, reader, fingerprint: fingerprint, input: found.digest, calls: [], .all)
      #expect(out == words.count)
    }
    return StagePlace(run: run, ordinal: 1, from: [0])
  }

  private func page(_ place: StagePlace, _ record: StageRecord) async throws -> ArrivalPage {
    try await steps.answerPage(place, upstream: 0, under: record.fingerprints, after: 0, limit: 10)
  }

  @Test func whatOneRunCommittedAnswersTheNext() async throws {
    let place = try await read(["a", "b"])
    let begun = try await steps.begin(Self.request("tell", place))
    let first = try await page(place, begun)
    #expect(first.misses.map(\.text) == [#"{"word":"a"}"#, #"{"word":"b"}"#])
    #expect(first.hits == AnsweredRows(rows: 0, out: 0))
    let fingerprint = try #require(begun.fingerprint)
    let told = PackedRow(Row(["word": "a", "told": 1]))
    try await steps.commitStep(
      .emit([told, told]), of: first.misses[0], place: place, fingerprint: fingerprint,
      calls: [UsedCall(reply: 7, sample: nil)], at: 3)
    try await steps.commitStep(
      .drop(reason: "dull"), of: first.misses[1], place: place, fingerprint: fingerprint, calls: [], at: 3)
    #expect(
      try await steps.books(place, reader: nil) == Books(in: 2, emitted: 1, dropped: 1, reused: 0, rows: 2))
    try await steps.finishRun(place.run, status: "complete", at: 4)

    let again = try await read([])
    let second = try await page(again, try await steps.begin(Self.request("tell", again)))
    #expect(second.hits == AnsweredRows(rows: 2, dropped: 1, out: 2))
    #expect(second.misses == [])
    #expect(
      try await store.inspector.table("SELECT config FROM fingerprint").rows == [
        ["{\"kind\":\"shown\"}"], ["{\"kind\":\"shown\"}"],
      ])
  }

  @Test func aSketchAnswersAsTheLogAndWritesNothing() async throws {
    let place = try await read(["a", "b"])
    let before = try await counts()
    let sketch = try await store.sketch()
    let reader = StagePlace(run: Sketch.run, ordinal: 0, from: [])
    let begun = try await sketch.begin(Self.request("read", reader))
    let step = try await sketch.findSet(reader, passing: [], under: begun.fingerprints, withFiles: false).step
    #expect(try await sketch.answerSet(reader, from: try #require(step), .all) == 2)
    let tell = StagePlace(run: Sketch.run, ordinal: 1, from: [0])
    let unknown = try await sketch.begin(Self.request("tell", tell))
    #expect((unknown.fingerprint, unknown.fingerprints) == (nil, []))
    let page = try await sketch.answerPage(tell, upstream: 0, under: [], after: 0, limit: 10)
    #expect(page.misses.map(\.text) == [#"{"word":"a"}"#, #"{"word":"b"}"#])
    // It goes on seeing the store as it was.
    _ = try await steps.begin(Self.request("tell", place))
    #expect(try await sketch.begin(Self.request("tell", tell)).fingerprint == nil)
    #expect(try await sketch.last("tell", of: "p") == nil)
    #expect(try await counts() == before.merging(["fingerprint": 2]) { $1 })
  }

  private func counts() async throws -> [String: Int64] {
    var found: [String: Int64] = [:]
    for table in ["occurrence", "taken", "step", "fingerprint", "take"] {
      found[table] = try await store.inspector.table("SELECT count(*) FROM \(table)").rows[0][0].int
    }
    return found
  }

  @Test func aSetStepThatCameToNothingLeavesNothing() async throws {
    let place = try await read(["a", "b"])
    let begun = try await steps.begin(Self.request("tell", place))
    let step = try await steps.beginSet(place, fingerprint: try #require(begun.fingerprint), at: 2)
    let numbers = try await steps.memberRows([1, 0], of: step, place: place)
    #expect(try await steps.rows(numbers).map(\.columns) == [["word": "b"], ["word": "a"]])
    try await steps.recordSet(
      [SetEmission(member: 0, content: .stored(numbers[0]), members: [0, 1])], of: step, from: 0)
    try await steps.abandonSet(step)
    #expect(try await counts() == ["occurrence": 2, "taken": 0, "step": 1, "fingerprint": 2, "take": 0])
    #expect(try await store.inspector.table("SELECT count(*) FROM emission").rows == [[2]])
  }

  @Test func whatIsRefusedForGoodIsKnownUntilItIsAskedForAgain() async throws {
    let place = try await read(["a"])
    let begun = try await steps.begin(Self.request("tell", place))
    let row = try #require(try await page(place, begun).misses.first)
    let error = ModelError(.refused, status: 413, "too long")
    try await steps.noteFailure(
      StepFailure(
        kind: "refused", message: "too long",
        refused: .init(
          StepKey(fingerprint: try #require(begun.fingerprint), input: row.digest), error: error)),
      of: [row.id], place: place, drop: true, at: 3)
    #expect(try await !steps.set(place, passing: [0, 1]).complete)
    let known = try await steps.begin(Self.request("tell", place)).refused
    #expect(known.mapValues(\.message) == [row.digest: "too long"])
    #expect(known[row.digest]?.wasSent == false)
    #expect(try await steps.begin(Self.request("tell", place, retries: true)).refused.isEmpty)
    #expect(try await steps.begin(Self.request("tell", place)).refused.isEmpty)
  }

  @Test func aRedoCountsOnceItHasSettled() async throws {
    let place = try await read(["a"])
    let first = try await steps.begin(Self.request("tell", place))
    let row = try #require(try await page(place, first).misses.first)
    try await steps.commitStep(
      .emit([]), of: row, place: place, fingerprint: try #require(first.fingerprint), calls: [], at: 3)
    let redone = try await steps.begin(Self.request("tell", place, redo: .begin))
    #expect(redone.take == Take(number: 1, isRedo: true))
    #expect(redone.fingerprints == [try #require(redone.fingerprint)])
    let left = try await steps.begin(Self.request("tell", place))
    #expect(left.take == Take(number: 0, leavesRedo: true))
    #expect((left.unfinishedRedo?.stage, left.unfinishedRedo?.run) == ("tell", nil))
    #expect(left.fingerprint == first.fingerprint)
    try await steps.settleRedo(of: Self.request("tell", place).key)
    let settled = try await steps.begin(Self.request("tell", place))
    #expect(settled.take == Take(number: 1))
    #expect(settled.fingerprints.map(Optional.some) == [redone.fingerprint, first.fingerprint])
  }
}
