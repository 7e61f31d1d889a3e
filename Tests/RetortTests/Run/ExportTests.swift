import Foundation
import OrderedCollections
import Retort
import RetortTestSupport
import Testing

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
    #expect(try await lab.store.query("SELECT path FROM out") == [["path": "out/o.jsonl"]])
  }

  @Test func aLimitWritesBesideTheName() async throws {
    let lab = try Lab(records: ["a", "b"], export: "out.jsonl")
    _ = try await lab.run()
    let summary = try await lab.run(RunOptions(limit: 1))
    #expect(summary.exports.map { URL(filePath: $0.path).lastPathComponent } == ["out.limited.jsonl"])
    #expect(summary.exports.map(\.rows) == [1])
  }
}
