internal import Foundation

/// Which files are retort's own, and what may be done to them.
///
/// A file is retort's own when it is a regular file at a target's path whose bytes its manifest or the ledger names by
/// their SHA-256, or a manifest of exactly the shape that retort writes. Such a file alone is replaced or removed. One
/// that is named but differs was changed by somebody: it is kept under another name. Everything else stays untouched.
package struct OwnFiles: Sendable {
  enum Standing: Hashable {
    case free, own
    /// Named by a manifest or the ledger, with other bytes.
    case changed
    /// What stands there instead.
    case foreign(String)
  }

  private let ledger: any FileLedger

  package init(_ ledger: any FileLedger) { self.ledger = ledger }

  /// Errors: ``StageError`` where what stands there cannot be read.
  private func standing(of target: ExportTarget) async throws -> Standing {
    if let found = try await stranger(at: target) { return .foreign(found) }
    guard try FileKind(at: target.url) != nil else { return .free }
    if target.role == .manifest { return Manifest.isOwn(target.url) ? .own : .changed }
    return try await hashes(of: target).contains(FileReading.sha256(of: target.url)) ? .own : .changed
  }

  /// What stands at a target's path that retort has not made; nil where it can be written. Nothing is read for this but
  /// what may be a manifest, so that it costs little however long the files are.
  private func stranger(at target: ExportTarget) async throws -> String? {
    // To open a store's file and to close it would let go of the locks on it.
    if let what = ledger.owns(target.url) ?? ledger.owns(target.partial) { return what }
    switch try FileKind(at: target.url) {
    case .none: return nil
    case .regular: break
    case let kind?: return kind.words
    }
    let isManifest = Manifest.isOwn(target.url)
    guard target.role == .manifest else {
      if isManifest { return "the manifest of another export" }
      return try await hashes(of: target).isEmpty ? "a file that retort has no record of" : nil
    }
    if isManifest { return nil }
    return try await ledger.hashes(of: target).isEmpty ? "a file that is no manifest of retort's" : nil
  }

  private func hashes(of target: ExportTarget) async throws -> Set<String> {
    let listed = target.manifest.flatMap { Manifest.entry(of: target.url, in: $0)?.sha256 }
    return try await ledger.hashes(of: target).union(listed.map { [$0] } ?? [])
  }

  /// Why a target cannot be written, as far as its paths say; nil where it can. Errors: as of ``put(_:retiring:)``.
  package func refusal(of target: ExportTarget) async throws -> String? {
    if let found = try await stranger(at: target) { return Self.refusal(of: target, found) }
    return try await AtomicFile.refusal(of: target, in: ledger)
  }

  /// Whether retort wrote a file there and somebody has changed it since. Errors: as of ``put(_:retiring:)``.
  package func isEdited(_ target: ExportTarget) async throws -> Bool {
    try await standing(of: target) == .changed
  }

  package static func refusal(of target: ExportTarget, _ found: String) -> String {
    "expected '\(target.url.path)' to be free, or a file that retort wrote, found \(found); "
      + "name another path, or move what is there away"
  }

  /// Puts sealed files in their places, the last one last, and removes retort's own files at the paths `retiring`.
  ///
  /// All is looked at before anything is touched, and noted before the first file appears. Errors: ``StageError``.
  package func put(_ files: [AtomicFile], retiring: [ExportTarget] = []) async throws {
    var standings: [ExportTarget: Standing] = [:]
    for target in files.map(\.target) + retiring {
      let standing = try await standing(of: target)
      if case .foreign(let found) = standing { throw StageError(Self.refusal(of: target, found)) }
      standings[target] = standing
    }
    try await ledger.note(try files.map { ($0.target, try $0.seal()) })
    for (index, file) in files.enumerated() {
      if index == files.count - 1 {
        for target in retiring {
          if standings[target] == .changed { try keep(target) }
          if [.own, .changed].contains(standings[target]) { try remove(target) }
        }
      }
      if standings[file.target] == .changed { try keep(file.target) }
      try file.place()
    }
  }

  /// A file that retort wrote at one of these paths, with its rows where a manifest says how many.
  private func earlier(of targets: [ExportTarget]) async throws -> (target: ExportTarget, rows: Int?)? {
    for target in targets {
      guard try await stranger(at: target) == nil, try FileKind(at: target.url) != nil else { continue }
      return (target, target.manifest.flatMap { Manifest.entry(of: target.url, in: $0)?.rows })
    }
    return nil
  }

  /// Errors: ``StageError`` where an export without rows would take the place of one that has some.
  package func mayEmpty(_ targets: [ExportTarget], allowed: Bool) async throws {
    guard !allowed, let (target, rows) = try await earlier(of: targets) else { return }
    let count = rows.map { $0 == 1 ? "1 row" : "\($0) rows" } ?? "rows"
    throw StageError(
      "'\(target.url.path)' has \(count) of an earlier run; now there are none; the earlier file stays; "
        + "`allow_empty: true` replaces it")
  }

  private func remove(_ target: ExportTarget) throws {
    guard unlink(target.url.path) == 0 || errno == ENOENT else {
      throw StageError("cannot remove '\(target.url.path)': \(String(cString: strerror(errno)))")
    }
  }

  /// Gives what stands at a path a second name, the first of `NAME.was-1`, `NAME.was-2`… that is free.
  private func keep(_ target: ExportTarget) throws {
    let path = target.url.path
    for number in 1... {
      let name = "\(path).was-\(number)"
      // A link never takes the place of a file that is there.
      if link(path, name) == 0 { return ledger.kept(KeptFile(path: path, keptAs: name)) }
      switch errno {
      case EEXIST: continue
      case EPERM, EOPNOTSUPP, EMLINK, ENOSYS:
        // A file system without hard links.
        guard try FileKind(at: URL(filePath: name)) == nil else { continue }
        if rename(path, name) == 0 { return ledger.kept(KeptFile(path: path, keptAs: name)) }
      default: break
      }
      throw StageError("cannot keep '\(path)' as '\(name)': \(String(cString: strerror(errno)))")
    }
  }
}
