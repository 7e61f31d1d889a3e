internal import Crypto
internal import Foundation

/// A file that appears whole or not at all: written under a temporary name in the same folder, hashed on the way,
/// renamed when complete. Let go of before it is in its place, it leaves nothing behind.
///
/// The temporary name is always the same, so that what a killed process left is written over by the next one; a lock
/// keeps two processes from writing it at once. ``OwnFiles/put(_:retiring:)`` puts it in its place.
package final class AtomicFile {
  package let target: ExportTarget
  private let temporary: String
  private let handle: FileHandle
  private var hash = SHA256()
  private var buffer: [UInt8] = []
  private var sealed: String?
  private var placed = false

  /// Makes the folder where it is missing. Errors: ``StageError``, also where something that no export left stands
  /// under the temporary name.
  package init(_ target: ExportTarget, in ledger: any FileLedger) async throws {
    self.target = target
    let folder = target.url.deletingLastPathComponent()
    temporary = target.partial.path
    if let what = ledger.owns(target.url) ?? ledger.owns(target.partial) {
      throw StageError(OwnFiles.refusal(of: target, what))
    }
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw StageError("cannot write '\(target.url.path)': \(error.localizedDescription)")
    }
    if let refusal = try await Self.refusal(of: target, in: ledger) { throw StageError(refusal) }
    let (descriptor, inode) = try Self.claim(target, left: try await ledger.partial(of: target))
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    Leftovers.add(temporary)
    try await ledger.note(partial: inode, of: target)
  }

  /// An empty file that this process alone writes, and its inode; `left` is that of the one begun last.
  private static func claim(_ target: ExportTarget, left: UInt64?) throws -> (Int32, UInt64) {
    let path = target.partial.path
    while true {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
      guard descriptor >= 0 else {
        throw StageError("cannot write '\(target.url.path)': \(String(cString: strerror(errno)))")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        close(descriptor)
        throw StageError(
          "cannot write '\(target.url.path)': another process is writing it; let that one end first")
      }
      // The one that held the lock may have put the file in its place meanwhile: then this is the finished export.
      var opened = stat()
      var named = stat()
      if fstat(descriptor, &opened) == 0, lstat(path, &named) == 0, opened.st_ino == named.st_ino {
        let inode = UInt64(opened.st_ino)
        guard opened.st_size == 0 || inode == left else {
          close(descriptor)
          throw StageError(refusal(of: target, found: stranger))
        }
        ftruncate(descriptor, 0)
        return (descriptor, inode)
      }
      close(descriptor)
    }
  }

  /// Why the temporary name cannot be used; nil where it can.
  static func refusal(of target: ExportTarget, in ledger: any FileLedger) async throws -> String? {
    switch try FileKind(at: target.partial) {
    case nil: return nil
    case .regular: break
    case let kind?: return refusal(of: target, found: kind.words)
    }
    var info = stat()
    guard lstat(target.partial.path, &info) == 0, info.st_size > 0,
      try await ledger.partial(of: target) != UInt64(info.st_ino)
    else { return nil }
    let look = open(target.partial.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    defer { if look >= 0 { close(look) } }
    // One that is being written is told of by ``claim``.
    guard look < 0 || flock(look, LOCK_SH | LOCK_NB) == 0 else { return nil }
    return refusal(of: target, found: stranger)
  }

  private static let stranger = "a file that no export of retort's left"

  private static func refusal(of target: ExportTarget, found: String) -> String {
    "cannot write '\(target.url.path)': it is written as '\(target.partial.path)' first, and there is \(found); "
      + "move that away"
  }

  deinit {
    defer { Leftovers.remove(temporary) }
    guard !placed else { return }
    unlink(temporary)
    try? handle.close()
  }

  package func write(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  package func write(_ text: String) throws { try write(text.utf8) }

  /// Ends it; answers the SHA-256 of its content, 64 hex digits.
  package func seal() throws -> String {
    if let sealed { return sealed }
    try flush()
    do { try handle.synchronize() } catch {
      throw StageError("cannot write '\(target.url.path)': \(error.localizedDescription)")
    }
    let sha256 = hash.finalize().hex
    sealed = sha256
    return sha256
  }

  /// Renames it; ``OwnFiles`` has seen to what stands there.
  func place() throws {
    guard rename(temporary, target.url.path) == 0 else {
      throw StageError("cannot put '\(target.url.path)' in its place: \(String(cString: strerror(errno)))")
    }
    placed = true
    try handle.close()
  }

  private func flush() throws {
    guard !buffer.isEmpty else { return }
    hash.update(data: buffer)
    do { try handle.write(contentsOf: buffer) } catch {
      throw StageError("cannot write '\(target.url.path)': \(error.localizedDescription)")
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
