internal import Crypto
package import Foundation

/// A file that appears whole or not at all: written under a temporary name in the same folder, hashed on the way,
/// renamed when complete. Dropped without ``commit()``, it leaves nothing behind.
///
/// The temporary name is always the same, so that what a killed process left is written over by the next one; a lock
/// keeps two processes from writing it at once.
package final class AtomicFile {
  private let url: URL
  private let temporary: URL
  private let handle: FileHandle
  private var hash = SHA256()
  private var buffer: [UInt8] = []
  private var committed = false

  /// Makes the folder where it is missing. Errors: ``StageError``.
  package init(_ url: URL) throws {
    self.url = url
    let folder = url.deletingLastPathComponent()
    temporary = folder.appending(path: ".\(url.lastPathComponent).partial")
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw StageError("cannot write '\(url.path)': \(error.localizedDescription)")
    }
    handle = FileHandle(fileDescriptor: try Self.claim(temporary.path, for: url), closeOnDealloc: true)
    Leftovers.add(temporary.path)
  }

  /// An empty file that this process alone writes.
  private static func claim(_ path: String, for url: URL) throws -> Int32 {
    while true {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw StageError("cannot write '\(url.path)': \(String(cString: strerror(errno)))")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        close(descriptor)
        throw StageError("cannot write '\(url.path)': another process is writing it; let that one end first")
      }
      // The one that held the lock may have put the file in its place meanwhile: then this is the finished export.
      var opened = stat()
      var named = stat()
      if fstat(descriptor, &opened) == 0, stat(path, &named) == 0, opened.st_ino == named.st_ino {
        ftruncate(descriptor, 0)
        return descriptor
      }
      close(descriptor)
    }
  }

  deinit {
    defer { Leftovers.remove(temporary.path) }
    guard !committed else { return }
    try? FileManager.default.removeItem(at: temporary)
    try? handle.close()
  }

  package func write(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  package func write(_ text: String) throws { try write(text.utf8) }

  /// Puts the file in its place; answers the SHA-256 of its content, 64 hex digits.
  package func commit() throws -> String {
    try flush()
    try handle.synchronize()
    guard rename(temporary.path, url.path) == 0 else {
      throw StageError("cannot put '\(url.path)' in its place: \(String(cString: strerror(errno)))")
    }
    committed = true
    try handle.close()
    return hash.finalize().hex
  }

  private func flush() throws {
    guard !buffer.isEmpty else { return }
    hash.update(data: buffer)
    do { try handle.write(contentsOf: buffer) } catch {
      throw StageError("cannot write '\(url.path)': \(error.localizedDescription)")
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
