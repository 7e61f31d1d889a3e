import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct SetTests {
  @Test func groupsPerAncestorAreSetsOfTheirOwn() async throws {
    let lab = try Lab(records: ["a", "b", "a"], per: "read")
    let summary = try await lab.run()
    #expect(summary.status == .complete)
    #expect(Set(lab.gathered) == [["A"], ["B"]])
    #expect(lab.gathered.count == 2)
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, rows: 3))
    #expect(
      try await lab.store.inspector.query("SELECT source, words FROM gather") == [
        ["source": "read:0", "words": "[\"A\"]"], ["source": "read:1", "words": "[\"B\"]"],
        ["source": "read:2", "words": "[\"A\"]"],
      ])
  }

  @Test(.timeLimit(.minutes(1))) func aWholeGroupDoesNotWaitForTheOthers() async throws {
    // The last word is held back until the groups of the others are gathered.
    let lab = try Lab(records: ["a", "b", "c"], per: "read")
    lab.hold("c", untilGathered: 2)
    let summary = try await lab.run()
    #expect(summary.status == .complete)
    #expect(lab.gathered.last == ["C"])
    #expect(Set(lab.gathered) == [["A"], ["B"], ["C"]])
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, rows: 3))
  }

  @Test func aGroupLosesOnlyItsOwnRows() async throws {
    let lab = try Lab(records: ["a", "b"], onFailure: .drop, per: "read")
    lab.refuse("b")
    let first = try await lab.run()
    #expect(first.stages["gather"] == Books(in: 1, emitted: 1, rows: 1))
    lab.refuse(nil)
    // The group of a was complete, whatever became of b.
    let second = try await lab.run()
    #expect(second.stages["gather"] == Books(in: 2, emitted: 2, reused: 1, rows: 2))
  }

  @Test func aFailedMemberKeepsOnlyItsGroupPending() async throws {
    let lab = try Lab(records: ["a", "b", "c"], per: "read")
    lab.refuse("b")
    let first = try await lab.run()
    #expect(first.status == .incomplete)
    #expect(first.stages["gather"] == Books(in: 2, emitted: 2, rows: 2))
    lab.refuse(nil)
    let second = try await lab.run()
    #expect(second.status == .complete)
    #expect(second.stages["gather"] == Books(in: 3, emitted: 3, reused: 2, rows: 3))
  }

  @Test func aSetWhoseFailureIsADropTakesItsRowsWithIt() async throws {
    let lab = try Lab(records: ["a", "b"], setOnFailure: .drop)
    lab.refuseSets(true)
    let first = try await lab.run()
    #expect(first.status == .incomplete)
    #expect(first.stages["gather"] == Books(in: 2, dropped: 2))
    #expect(
      try await lab.store.inspector.query("SELECT stage, source, reason FROM dropped ORDER BY source") == [
        ["stage": "gather", "source": "read:0", "reason": "failed: error"],
        ["stage": "gather", "source": "read:1", "reason": "failed: error"],
      ])
    lab.refuseSets(false)
    let second = try await lab.run()
    #expect(second.status == .complete)
    #expect(second.stages["gather"] == Books(in: 2, emitted: 2, rows: 1))
  }

  @Test func branchesOfTheSameAncestorRowAreJoined() async throws {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try #"{"q": "x"}\n{"q": "x"}\n{"q": "y"}\n"#.replacing("\\n", with: "\n").write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try """
    models: { m: { endpoint: "http://h/v1", name: m } }
    stages:
      questions: { uses: read-jsonl, with: { file: rows.jsonl, columns: [q] } }
      left: { uses: generate, from: questions, with: { model: m, template: "left {{q}}", column: a, samples: 2 } }
      right: { uses: generate, from: questions, with: { model: m, template: "right {{q}}", column: b } }
      both: { uses: join, from: [left, right], per: questions }
    """.write(to: file, atomically: true, encoding: .utf8)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    let models = ScriptedProvider(chat: { request in
      let text = request.messages[0].content
      return ChatReply(
        text: "\(text) \(request.draw)", finishReason: text == "right y" ? "length" : "stop")
    })
    let summary = try await Engine(pipeline, store: store, models: models).run()
    #expect(summary.status == .complete)
    #expect(summary.stages["both"] == Books(in: 8, emitted: 6, dropped: 2, rows: 4))
    #expect(
      try await store.inspector.query("SELECT source || ' / ' || a || ' / ' || b AS line FROM both").map {
        $0["line"]?.string
      } == [
        "questions:0 / left x 0 / right x 0", "questions:0 / left x 1 / right x 0",
        "questions:1 / left x 0 / right x 0", "questions:1 / left x 1 / right x 0",
      ])
    #expect(
      try await store.inspector.query(
        "SELECT parent_stage, count(*) AS parents FROM lineage WHERE stage = 'both' GROUP BY parent_stage")
        == [["parent_stage": "left", "parents": 4], ["parent_stage": "right", "parents": 4]])
    let again = try await Engine(pipeline, store: store, models: models).run()
    #expect(again.stages["both"] == Books(in: 8, emitted: 6, dropped: 2, reused: 8, rows: 4))
  }

  @Test func rowsOfASetAreFoundInAnyOrder() async throws {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    // Groups of two rows each that lie pages apart.
    let groups = Array(0..<300)
    let right = groups.map {
      #"{"group": \#($0), "correct": true, "length": 1, "completion": "right \#($0)"}"#
    }
    let wrong = groups.reversed().map {
      #"{"group": \#($0), "correct": false, "length": 1, "completion": "wrong \#($0)"}"#
    }
    try (right + wrong).joined(separator: "\n").write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try """
    stages:
      rollouts: { uses: read-jsonl, with: { file: rows.jsonl } }
      pairs: { uses: pair-length-quality, from: rollouts }
    """.write(to: file, atomically: true, encoding: .utf8)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    let summary = try await Engine(pipeline, store: store, models: ScriptedProvider()).run()
    #expect(summary.stages["pairs"] == Books(in: 600, emitted: 600, rows: 300))
    #expect(
      try await store.inspector.query("SELECT chosen, rejected FROM pairs")
        == groups.map { group -> JSON.Object in
          ["chosen": .string("right \(group)"), "rejected": .string("wrong \(group)")]
        })
  }

  @Test func aCancelledRunIsInterruptedAndGoesOn() async throws {
    let lab = try Lab(records: ["a", "b"], reversed: true)
    let run = Task { try await lab.run(RunOptions(only: "shout")) }
    run.cancel()
    #expect(try await run.value.status == .interrupted)
    #expect(try await lab.run().status == .complete)
    #expect(lab.gathered == [["A", "B"]])
  }

  @Test func aWholeSetInputIsPartOfTheKeyOfTheStepsThatUseIt() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    func run(pool: [String]) async throws -> [JSON.Object] {
      let stages = [
        Lab.reader("pool", pool), Lab.reader("words", ["x", "y"]),
        PipelineStage(
          name: "sized", entry: StageEntry(Sized.self), from: ["words"], using: ["pool": "pool"],
          configured: ConfiguredStage(config: [:]) { workspace in
            BoundStage(Sized(.init(), in: workspace))
          }, columns: ["word", "size"]),
      ]
      let pipeline = Pipeline(
        name: "sizes", file: folder.appending(path: "sizes.yaml"), models: [:], stages: stages)
      _ = try await Engine(pipeline, store: store, models: ScriptedProvider()).run()
      return try await store.inspector.query("SELECT word, size FROM sized")
    }
    #expect(try await run(pool: ["a"]) == [["word": "x", "size": 1], ["word": "y", "size": 1]])
    #expect(try await run(pool: ["a", "a"]) == [["word": "x", "size": 2], ["word": "y", "size": 2]])
    #expect(try await run(pool: ["a"]) == [["word": "x", "size": 1], ["word": "y", "size": 1]])
    #expect(try await store.inspector.query("SELECT count(*) AS steps FROM step") == [["steps": 7]])
  }
}

private struct Sized: RowStage {
  struct Config: Codable, Sendable {}
  struct Input: Codable, Sendable { let word: String }
  struct Output: Codable, Sendable { let size: Int }
  static let name = "test-sized"
  static let version = 1
  static let summary = "Count the rows of a pool."
  static let keys: [String: String] = [:]
  let size: Int

  init(_ config: Config, in workspace: Workspace) { size = workspace.set("pool", as: Input.self)?.count ?? 0 }
  func process(_ input: Input) async throws -> Outcome<Output> { .emit([Output(size: size)]) }
}
