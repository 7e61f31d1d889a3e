import Foundation
import RetortReport
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Stores of rollouts whose tools show images (`tools/keep-store --pictures`): with the endpoint off and no server to start, they
/// make no call and write the same bytes.
@Suite struct KeptPicturesTests {
  private static let root = KeptStore.root.appending(path: "pictures", directoryHint: .isDirectory)
  static let schemas = ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? [])
    .compactMap(Int.init).sorted()

  @Test(arguments: schemas) func costsNothingAndWritesTheSame(schema: Int) async throws {
    let (folder, kept) = (try Bench.folder(), Self.root.appending(path: "\(schema)"))
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["pictures.yaml", "rows.jsonl", "a.png", "tool-server"] {
      try FileManager.default.copyItem(
        at: Self.root.appending(path: name), to: folder.appending(path: name))
    }
    let path = folder.appending(path: "store.sqlite").path
    let (data, status) = try Program.output(
      of: ["gzip", "-dc", kept.appending(path: "store.sqlite.gz").path])
    #expect(status == 0)
    try data.write(to: URL(filePath: path))
    try FileManager.default.copyItem(
      at: kept.appending(path: "images"), to: URL(filePath: path + ".images"))
    let store = try Store(path: path)
    let pipeline = try Pipeline.read(
      folder.appending(path: "pictures.yaml"), catalog: .standard, environment: [:])
    let models = ModelStack(
      models: pipeline.models.map(\.value),
      transport: ScriptedTransport { _, _ in throw ModelError(.refused, "this endpoint is off") },
      memory: store.replies, clock: JumpingClock(), environment: [:])
    let summary = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    #expect(summary.status == .complete)
    #expect(summary.calls.made == 0)
    #expect(summary.stages["questions"]?.dropped == 1)
    let expected = kept.appending(path: "exports")
    let names = try FileManager.default.subpathsOfDirectory(atPath: expected.path).filter {
      // A manifest names the pipeline's digest, which covers versions; a card's words may be bettered.
      $0.contains(".") && !$0.hasSuffix("manifest.json") && !$0.hasSuffix("README.md")
    }
    #expect(names.contains { $0.hasSuffix(".png") })
    for name in names {
      let found = try? Data(contentsOf: folder.appending(path: "out/\(name)"))
      #expect(try found == Data(contentsOf: expected.appending(path: name)), "\(name)")
    }
    let report = try await RunReport.read(1, from: store.inspector, catalog: .standard)
    #expect(ReportMarkdown.text(report).contains("| images |"))
  }
}
