import Foundation
import RetortCore
import RetortReport
import RetortRun
import RetortStore
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortCLI

@Suite struct ScaffoldTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")

  @Test func theProjectRuns() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try Scaffold.write(to: folder)
    let pipeline = try Pipeline.read(
      folder.appending(path: "pipeline.yaml"), catalog: .standard, environment: [:])
    let store = try Store(path: folder.appending(path: ".retort/store.sqlite").path)
    let models = ScriptedProvider(chat: { _ in ChatReply(text: "<think>so</think>\n<answer>80</answer>") })
    let summary = try await Engine(pipeline, store: store, models: models).run()
    #expect(summary.status == .complete)
    #expect(summary.stages["right"] == Books(in: 8, emitted: 2, dropped: 6, rows: 2))
    #expect(summary.exports.map(\.rows) == [2])
  }

  @Test func whatIsThereStays() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let mine = folder.appending(path: ".gitignore")
    try Data("mine".utf8).write(to: mine)
    #expect(throws: CommandFailure.self) { try Scaffold.write(to: folder) }
    #expect(try String(contentsOf: mine, encoding: .utf8) == "mine")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [".gitignore"])
  }
}
