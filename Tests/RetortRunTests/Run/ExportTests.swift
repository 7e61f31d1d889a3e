import Foundation
import GRDB
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

@Suite struct EngineExportTests {
  @Test func anExportIsDoneOnlyWhileItsFileIsThere() async throws {
    let lab = try Lab(records: ["a", "b"], export: "out.jsonl")
    let first = try await lab.run()
    let file = lab.pipeline.folder.appending(path: "out.jsonl")
    let text = "{\"word\":\"a\",\"loud\":\"A\"}\n{\"word\":\"b\",\"loud\":\"B\"}\n"
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
    #expect(first.exports.map(\.rows) == [2])
    #expect(first.exports.map(\.complete) == [true])
    #expect(try await lab.run().stages["out"] == Books(in: 2, emitted: 2, reused: 2, rows: 1))

    try FileManager.default.removeItem(at: file)
    lab.forgetPerformed()
    #expect(try await lab.run().stages["out"] == Books(in: 2, emitted: 2, rows: 1))
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
    #expect(lab.performed.isEmpty)
  }

  @Test func aMovedFolderIsNotExportedAnew() async throws {
    let lab = try Lab(records: ["a"], export: "out/o.jsonl")
    _ = try await lab.run()
    let moved = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: moved) }
    try FileManager.default.moveItem(
      at: lab.pipeline.folder.appending(path: "out"), to: moved.appending(path: "out"))
    let pipeline = Pipeline(
      name: "lab", file: moved.appending(path: "lab.yaml"), models: [:], stages: lab.pipeline.stages)
    let summary = try await Engine(pipeline, store: lab.store, models: ScriptedProvider()).run()
    #expect(summary.stages["out"] == Books(in: 1, emitted: 1, reused: 1, rows: 1))
    #expect(summary.exports.map(\.path) == [moved.appending(path: "out/o.jsonl").standardizedFileURL.path])
    #expect(try await lab.store.inspector.query("SELECT path FROM out") == [["path": "out/o.jsonl"]])
  }

  @Test func aLimitWritesBesideTheName() async throws {
    let lab = try Lab(records: ["a", "b"], export: "out.jsonl")
    _ = try await lab.run()
    let summary = try await lab.run(RunOptions(selection: .first(1)))
    #expect(summary.exports.map { URL(filePath: $0.path).lastPathComponent } == ["out.limited.jsonl"])
    #expect(summary.exports.map(\.rows) == [1])
  }

  @Test func aFileThatSomebodyChangedIsKept() async throws {
    let lab = try Lab(records: ["a"], export: "out.jsonl")
    _ = try await lab.run()
    let file = lab.pipeline.folder.appending(path: "out.jsonl").standardizedFileURL
    try "by hand\n".write(to: file, atomically: false, encoding: .utf8)
    let summary = try await lab.run()
    #expect(summary.status == .complete)
    #expect(summary.kept == [KeptFile(path: file.path, keptAs: file.path + ".was-1")])
    #expect(try String(contentsOfFile: file.path + ".was-1", encoding: .utf8) == "by hand\n")
    #expect(try String(contentsOf: file, encoding: .utf8) == "{\"word\":\"a\",\"loud\":\"A\"}\n")
    #expect(try await lab.run().kept == [])
  }

  @Test func whatRetortDidNotMakeFailsTheExport() async throws {
    let lab = try Lab(records: ["a"], export: "out.jsonl")
    let file = lab.pipeline.folder.appending(path: "out.jsonl").standardizedFileURL
    try "mine\n".write(to: file, atomically: false, encoding: .utf8)
    let words =
      "expected '\(file.path)' to be free, or a file that retort wrote, found a file that retort has no record of; "
      + "name another path, or move what is there away"
    #expect(
      try await lab.pipeline.obstacles(
        to: RunOptions(),
        ledger: StoreLedger(lab.store, folder: lab.pipeline.folder, exports: lab.pipeline.catalog.exports),
        store: "/none")
        == ["out: \(words)"])
    #expect(try await lab.run().status == .incomplete)
    #expect(
      try await lab.store.inspector.query("SELECT message FROM failed") == [["message": .string(words)]])
    #expect(try String(contentsOf: file, encoding: .utf8) == "mine\n")
  }

  @Test func filesOfAnEarlierVersionAreKnownByTheRowsOfTheirExports() async throws {
    let lab = try Lab(records: ["a", "b"], export: "out.jsonl")
    _ = try await lab.run()
    try await lab.store.write { try $0.execute(sql: "DELETE FROM file__mark") }
    let folder = lab.pipeline.folder
    try FileManager.default.removeItem(at: folder.appending(path: "out.jsonl.manifest.json"))
    let target = ExportTarget(folder.appending(path: "out.jsonl"))
    #expect(
      try await OwnFiles(StoreLedger(lab.store, folder: folder, exports: lab.pipeline.catalog.exports))
        .refusal(
          of: target) == nil)
    #expect(try await OwnFiles(MemoryLedger()).refusal(of: target) != nil)
  }

  @Test func noRowsAfterLostOnesLeaveTheEarlierExport() async throws {
    let lab = try Lab(records: ["a"], onFailure: .drop, export: "out.jsonl")
    _ = try await lab.run()
    let file = lab.pipeline.folder.appending(path: "out.jsonl").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    lab.refuse("a")
    let summary = try await lab.run(RunOptions(redo: ["shout"]))
    #expect(summary.status == .incomplete)
    #expect(
      try await lab.store.inspector.query("SELECT message FROM failed WHERE stage = 'out'") == [
        [
          "message": .string(
            "'\(file.path)' has 1 row of an earlier run; now there are none; the earlier file stays; "
              + "`allow_empty: true` replaces it")
        ]
      ])
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  @Test func aSourceWithoutOneGoodRecordFails() async throws {
    let lab = try Lab(records: ["a"])
    let file = lab.pipeline.folder.appending(path: "rows.csv")
    try "q,a\n1,2\n".write(to: file, atomically: false, encoding: .utf8)
    let yaml = lab.pipeline.folder.appending(path: "p.yaml")
    try "stages: { rows: { uses: read-jsonl, with: { file: rows.csv } } }".write(
      to: yaml, atomically: false, encoding: .utf8)
    func run() async throws -> RunSummary {
      try await Engine(
        Pipeline.read(yaml, catalog: .standard), store: lab.store, models: ScriptedProvider(), now: { 0 }
      ).run()
    }
    #expect(try await run().status == .incomplete)
    #expect(
      try await lab.store.inspector.query("SELECT message FROM failed") == [
        [
          "message":
            "expected records that can be read, found none among 2; the first: broken line: rows.csv, line 1, column 1: expected a JSON value, found 'q,a'"
        ]
      ])
    try "".write(to: file, atomically: false, encoding: .utf8)
    #expect(try await run().status == .complete)
  }
}
