internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// A folder of training files with a manifest that lists each with its rows and SHA-256.
struct ExportFolder: Sendable {
  private let workspace: Workspace
  private let name: String
  private let root: URL
  private let allowsEmpty: Bool

  /// `name` is relative to the pipeline file; `allowsEmpty`: files of an earlier run may give way to none.
  init(_ name: String, in workspace: Workspace, allowsEmpty: Bool?) {
    self.workspace = workspace
    self.name = name
    root = workspace.exportURL(name)
    self.allowsEmpty = allowsEmpty ?? false
  }

  /// The files of these names, relative to the folder, and the manifest.
  func targets(_ names: [String]) -> [ExportTarget] { names.map(target) + [manifest] }

  private func target(_ path: String) -> ExportTarget {
    ExportTarget(root.appending(path: path), listedIn: manifest.url)
  }

  private var manifest: ExportTarget { ExportTarget(Manifest.url(in: root), as: .manifest) }

  /// `path` is relative to the folder.
  func writer(_ path: String) async throws -> JSONLWriter {
    try await JSONLWriter(target(path), in: workspace.ledger)
  }

  /// Puts what was written in its place, all of it once nothing is in the way of any, and answers with the files.
  ///
  /// - Parameters:
  ///   - writers: a file for each that has rows; an older one goes where it has none.
  ///   - training: those of `writers` without whose rows the export is empty.
  ///   - texts: names relative to the folder, and contents.
  ///   - images: those whose files lie beside the set. They are put there first, one by one: there may be many, and none is
  ///     ever another than its name says.
  ///   - complete: false when rows were lost to failures upstream.
  func finish(
    _ writers: [JSONLWriter], training: [JSONLWriter], texts: [(path: String, text: String)],
    images: OrderedSet<ImageReference> = [], complete: Bool
  ) async throws -> [ExportedFile] {
    let own = OwnFiles(workspace.ledger)
    if training.allSatisfy({ $0.rows == 0 }) {
      try await own.mayEmpty(training.map(\.file.target), allowed: allowsEmpty)
    }
    var files: [AtomicFile] = []
    var written: [ExportedFile] = []
    for writer in writers {
      guard let file = try writer.seal() else { continue }
      files.append(writer.file)
      written.append(file)
    }
    for image in images { written.append(try await put(image, own)) }
    for (path, text) in texts {
      let file = try await AtomicFile(target(path), in: workspace.ledger)
      try file.write(text)
      files.append(file)
      written.append(ExportedFile(path: file.target.url.path, sha256: try file.seal(), rows: 0))
    }
    let manifest = try await AtomicFile(manifest, in: workspace.ledger)
    try manifest.write(text(listing: written, complete: complete))
    written.append(ExportedFile(path: manifest.target.url.path, sha256: try manifest.seal(), rows: 0))
    try await own.put(
      files + [manifest], retiring: writers.filter { $0.rows == 0 }.map(\.file.target))
    return written.map { workspace.recorded($0, under: name) }
  }

  private func put(_ image: ImageReference, _ own: OwnFiles) async throws -> ExportedFile {
    let target = target(ExportedImages.path(image))
    let file = ExportedFile(path: target.url.path, sha256: image.digest.hex, rows: 0)
    if try FileKind(at: target.url) == .regular, try FileReading.sha256(of: target.url) == file.sha256 {
      return file
    }
    let new = try await AtomicFile(target, in: workspace.ledger)
    let bytes: Data
    do { bytes = try await workspace.images.bytes(of: image) } catch let fault as ImageFault {
      throw StageError("\(fault)")
    }
    try new.write(bytes)
    guard try new.seal() == file.sha256 else {
      throw StageError("expected the bytes of \(image.name) in '\(target.url.path)', found others")
    }
    try await own.put([new])
    return file
  }

  private func text(listing files: [ExportedFile], complete: Bool) -> String {
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
