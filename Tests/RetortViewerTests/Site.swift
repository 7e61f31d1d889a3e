import Foundation
import OrderedCollections
import RetortCore
import RetortReport
import RetortRun
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortViewer

/// A finished run over hostile rows: five questions, of which one is dropped and one fails.
struct Site {
  static let bad = "<script>alert('x')</script>\"&"
  static let badColumn = "col \"umn\" <b>\\ 'x'"

  let folder: URL
  let store: Store
  let viewer: Viewer

  static func with<T>(runs: Int = 1, _ work: (Site) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "store.sqlite").path
    let writing = try Store(path: path)
    for run in 0..<runs { try await Self.run(writing, folder, temperature: Double(run)) }
    let store = try Store(reading: path)
    return try await work(Site(folder: folder, store: store, viewer: try Viewer(store)))
  }

  /// A run with two rounds and no model.
  static func withRounds(_ work: (Site) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try "{\"n\":1}\n{\"n\":2}\n".write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try """
    stages:
      rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [n] } }
      all: { uses: sort, from: play.less, with: { by: [n] } }
    rounds:
      play:
        max: 2
        carry: { rows: less }
        stages:
          less: { uses: filter, from: rows, with: { where: [{ column: n, max: 2 }] } }
    """.write(to: file, atomically: true, encoding: .utf8)
    let path = folder.appending(path: "store.sqlite").path
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    let models = ModelStack(
      models: [], transport: ScriptedTransport { _, _ in HTTPResponse(status: 500, body: []) },
      memory: try Store(path: path).replies, clock: JumpingClock(), environment: [:])
    _ = try await Engine(pipeline, store: try Store(path: path), models: models).run()
    let store = try Store(reading: path)
    try await work(Site(folder: folder, store: store, viewer: try Viewer(store)))
  }

  private static func run(_ store: Store, _ folder: URL, temperature: Double) async throws {
    let rows: [JSON] = (0..<5).map { n in
      [
        "question": .string(n == 1 ? bad : "Question \(n)?"), "n": .int(Int64(n * n % 7)),
        badColumn: .string("value \(n) <i>"),
      ]
    }
    try rows.map(\.text).joined(separator: "\n").write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let columns = JSON.array(["question", "n", .string(badColumn)]).text
    let file = folder.appending(path: "p.yaml")
    try """
    models: { teacher: { endpoint: "http://host/v1", name: m, price: { input: 1, output: 2 }, retries: 0 } }
    stages:
      rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: \(columns) } }
      told: { uses: generate, from: rows, with: { model: teacher, template: "Say {{question}}", temperature: \(temperature) } }
      kept: { uses: filter, from: told, with: { where: [{ column: n, below: 4 }] } }
    """.write(to: file, atomically: true, encoding: .utf8)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    let transport = ScriptedTransport { call, _ in
      let body = String(decoding: call.body ?? [], as: UTF8.self)
      if body.contains("Question 3") {
        return HTTPResponse(status: 400, body: Array("{\"error\": \"<b>no</b>\"}".utf8))
      }
      let text = JSON.string("reply \(temperature) \(bad)").text
      return HTTPResponse(
        status: 200,
        body: Array(
          #"{"choices":[{"message":{"content":\#(text)}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#
            .utf8))
    }
    let models = ModelStack(
      models: Array(pipeline.models.values), transport: transport, memory: store.replies,
      clock: JumpingClock(),
      environment: [:])
    _ = try await Engine(pipeline, store: store, models: models).run()
  }
}
