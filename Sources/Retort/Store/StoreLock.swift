internal import Foundation

/// Held by the one run that may write to a store, in a file beside it. The system lets go of it when the process
/// ends, however that happens.
final class StoreLock: Sendable {
  private let descriptor: Int32

  /// `words` say who holds it. Errors: ``StoreError`` with the words of the run that does.
  init(store path: String, words: String) throws {
    let file = path + ".lock"
    descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw StoreError(
        "expected a store at '\(path)' that can be written, cannot write '\(file)': "
          + String(cString: strerror(errno)))
    }
    var isMine = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    if !isMine {
      // A look at it, by ``isHeld(store:)``, holds it for a moment.
      usleep(50_000)
      isMine = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
    guard isMine else {
      defer { close(descriptor) }
      let holder = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      throw StoreError(
        "expected the store at '\(path)' to be free, found it in use by \(holder.isEmpty ? "another run" : holder); "
          + "let that run end, or name another store with --store")
    }
    ftruncate(descriptor, 0)
    _ = Data(words.utf8).withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  /// Whether a run holds the lock of the store at a path.
  static func isHeld(store path: String) -> Bool {
    let file = open(path + ".lock", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  deinit { close(descriptor) }
}
