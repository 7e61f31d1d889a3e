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

  @Test func aLimitWritesBesideTheName() async throws {
    let lab = try Lab(records: ["a", "b"], export: "out.jsonl")
    _ = try await lab.run()
    let summary = try await lab.run(RunOptions(limit: 1))
    #expect(summary.exports.map { URL(filePath: $0.path).lastPathComponent } == ["out.limited.jsonl"])
    #expect(summary.exports.map(\.rows) == [1])
  }
}
