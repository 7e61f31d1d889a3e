package import Foundation
package import RetortCore
package import RetortRun
internal import RetortStages
package import RetortStore
internal import Synchronization

/// A copy of a store that the program of an earlier day made (`tools/keep-store`), with its pipelines and their data, in
/// a folder of its own. No endpoint answers.
package final class KeptStore: Sendable {
  package static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Tests/stores").standardizedFileURL

  /// Schemas of which a store is kept, the oldest first.
  package static let schemas = ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? [])
    .compactMap(Int.init).sorted()

  package let schema: Int
  package let folder: URL
  package let store: Store
  /// Those that it was made with.
  package let pipelines: [Pipeline]
  private let transport: DeadTransport

  package init(_ schema: Int) throws {
    self.schema = schema
    let files = FileManager.default
    folder = files.temporaryDirectory.appending(path: "retort-kept-\(UUID())", directoryHint: .isDirectory)
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["distil.yaml", "rewards.yaml", "data"] {
      try files.copyItem(at: Self.root.appending(path: name), to: folder.appending(path: name))
    }
    let file = folder.appending(path: "store.sqlite")
    try Self.unpack(Self.root.appending(path: "\(schema)/store.sqlite.gz"), to: file)
    store = try Store(path: file.path)
    let names = schema < 4 ? ["distil.yaml"] : ["distil.yaml", "rewards.yaml"]
    pipelines = try names.map { [folder] in
      try Pipeline.read(folder.appending(path: $0), catalog: .standard, environment: [:])
    }
    transport = DeadTransport()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static func unpack(_ packed: URL, to file: URL) throws {
    let (data, status) = try Program.output(of: ["gzip", "-dc", packed.path])
    guard status == 0 else { throw CocoaError(.fileReadCorruptFile) }
    try data.write(to: file)
  }

  package func run(_ pipeline: Pipeline) async throws -> RunSummary {
    let models = models(of: pipeline, memory: store.replies)
    return try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
  }

  package func models(of pipeline: Pipeline, memory: any ReplyMemory) -> ModelStack {
    ModelStack(
      models: pipeline.models.map(\.value), transport: transport, memory: memory, clock: JumpingClock(),
      environment: [:])
  }

  /// What was asked of an endpoint since the store was opened: the beginning of each request.
  package var asked: [String] { transport.asked.withLock { $0 } }

  /// The files that its runs left, by their path, and those of other runs than its own (`--limit`) not.
  package func exports() -> [String: Data] { Self.files(under: folder.appending(path: "out")) }

  /// What its exports were: as the newest store has them, or as the folder of this one or that of the raised versions
  /// has them where they differ.
  package func expected() -> [String: Data] {
    let targets = pipelines.flatMap(\.stages).flatMap { stage in
      stage.entry.destinations.compactMap { stage.configured.config[$0.key]?.string }
    }
    return Self.files(under: Self.root.appending(path: "exports"))
      .merging(Self.files(under: Self.root.appending(path: "\(schema)/exports"))) { $1 }
      .merging(Self.files(under: Self.root.appending(path: "raised/exports"))) { $1 }
      .filter { path, _ in targets.contains { ("out/" + path).hasPrefix($0) } }
  }

  private static func files(under folder: URL) -> [String: Data] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return names.reduce(into: [:]) { files, name in
      let url = folder.appending(path: name)
      guard (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else { return }
      files[name] = try? Data(contentsOf: url)
    }
  }
}

/// Writes down what it was to send, and refuses.
private final class DeadTransport: Transport {
  let asked = Mutex<[String]>([])

  func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let body = String(decoding: (request.body ?? []).prefix(400), as: UTF8.self)
    asked.withLock { $0.append(body) }
    throw ModelError(.refused, "this endpoint is off")
  }
}
