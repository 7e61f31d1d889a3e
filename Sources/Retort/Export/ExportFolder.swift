internal import Foundation
internal import OrderedCollections

/// A folder of training files with a manifest that lists each with its rows and SHA-256.
struct ExportFolder: Sendable {
  private let workspace: Workspace
  private let name: String
  private let root: URL

  /// `name` is relative to the pipeline file.
  init(_ name: String, in workspace: Workspace) {
    self.workspace = workspace
    self.name = name
    root = workspace.exportURL(name)
  }

  /// `path` is relative to the folder.
  func writer(_ path: String) throws -> JSONLWriter { try JSONLWriter(root.appending(path: path)) }

  func write(_ text: String, to path: String) throws -> ExportedFile {
    let url = root.appending(path: path)
    let file = try AtomicFile(url)
    try file.write(text)
    return ExportedFile(path: url.path, sha256: try file.commit(), rows: 0)
  }

  /// Writes the manifest, and makes a row of each file.
  ///
  /// - Parameters:
  ///   - complete: false when rows were lost to failures upstream.
  ///   - members: the rows of the set that the files are made from.
  func finish(
    _ files: [ExportedFile], complete: Bool, from members: [Int], into sink: SetSink<ExportedFile>
  ) async throws {
    let manifest = try write(manifest(of: files, complete: complete), to: "manifest.json")
    for file in files + [manifest] {
      try await sink.make(workspace.recorded(file, under: name), from: members)
    }
  }

  private func manifest(of files: [ExportedFile], complete: Bool) -> String {
    let prefix = root.path.hasSuffix("/") ? root.path : root.path + "/"
    let entries = files.map { file -> JSON in
      [
        "path": .string(String(file.path.dropFirst(prefix.count))), "rows": .int(Int64(file.rows)),
        "sha256": .string(file.sha256),
      ]
    }
    let rows = files.reduce(0) { $0 + $1.rows }
    return JSON.object([
      "rows": .int(Int64(rows)), "complete": .bool(complete),
      "pipeline": workspace.pipeline.map { .string($0.hex) } ?? .null, "files": .array(entries),
    ]).text + "\n"
  }
}
