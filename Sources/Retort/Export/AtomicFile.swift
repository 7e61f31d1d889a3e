internal import Crypto
package import Foundation

/// A file that appears whole or not at all: written under a temporary name in the same folder, hashed on the way,
/// renamed when complete. Dropped without ``commit()``, it leaves nothing behind.
package final class AtomicFile {
  private let url: URL
  private let temporary: URL
  private let handle: FileHandle
  private var hash = SHA256()
  private var buffer: [UInt8] = []
  private var committed = false

  /// Makes the folder where it is missing. Errors: ``ExportError``.
  package init(_ url: URL) throws {
    self.url = url
    let folder = url.deletingLastPathComponent()
    temporary = folder.appending(
      path: ".\(url.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).partial")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      guard FileManager.default.createFile(atPath: temporary.path, contents: nil) else {
        throw ExportError("expected a folder to write to, cannot make a file in '\(folder.path)'")
      }
      handle = try FileHandle(forWritingTo: temporary)
    } catch let error as ExportError {
      throw error
    } catch {
      throw ExportError("cannot write '\(url.path)': \(error.localizedDescription)")
    }
  }

  deinit {
    guard !committed else { return }
    try? handle.close()
    try? FileManager.default.removeItem(at: temporary)
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
    try handle.close()
    guard rename(temporary.path, url.path) == 0 else {
      throw ExportError("cannot put '\(url.path)' in its place: \(String(cString: strerror(errno)))")
    }
    committed = true
    return hash.finalize().hex
  }

  private func flush() throws {
    guard !buffer.isEmpty else { return }
    hash.update(data: buffer)
    do { try handle.write(contentsOf: buffer) } catch {
      throw ExportError("cannot write '\(url.path)': \(error.localizedDescription)")
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Why an export cannot be written: what was expected, what was found, what to do.
package struct ExportError: Error, Hashable, Sendable, CustomStringConvertible, LocalizedError {
  package let description: String
  package init(_ description: String) { self.description = description }
  package var errorDescription: String? { description }
}
