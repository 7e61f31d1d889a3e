internal import Foundation
internal import RetortCore

/// Held by the one run that may write to a store. It belongs to the store's file, so that no other name of it is a way
/// around; the system lets go of it when the process ends, however that happens.
///
/// The file beside the store says who holds it, and is locked too: earlier versions know that lock alone.
package final class StoreLock: Sendable {
  private let file: StoreFile
  private let descriptor: Int32
  private let note: Int32

  /// `words` say who holds it. Errors: ``StoreError`` with the words of the run that does.
  init(_ file: StoreFile, name: String, words: String) throws {
    let descriptor = try file.reopened()
    do {
      let path = file.path + ".lock"
      let note = try Self.openNote(path, besides: descriptor, name: name)
      guard Self.lock(descriptor), Self.lock(note) else {
        defer { close(note) }
        let holder = Self.holder(note)
        throw StoreError(
          "expected the store at '\(name)' to be free, found it in use by \(holder ?? "another run"); "
            + "let that run end, or name another store with --store")
      }
      if Self.holder(note) != nil || Self.isEmpty(note) {
        ftruncate(note, 0)
        _ = Data(words.utf8).withUnsafeBytes { pwrite(note, $0.baseAddress, $0.count, 0) }
      }
      (self.file, self.descriptor, self.note) = (file, descriptor, note)
    } catch {
      flock(descriptor, LOCK_UN)
      file.giveBack(descriptor)
      throw error
    }
  }

  deinit {
    close(note)
    flock(descriptor, LOCK_UN)
    file.giveBack(descriptor)
  }

  /// With the store's own rights, so that whoever may write to it may lock it.
  private static func openNote(_ path: String, besides store: Int32, name: String) throws -> Int32 {
    var note = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    if note < 0, errno == ENOENT {
      note = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
      var status = stat()
      if note >= 0, fstat(store, &status) == 0 { fchmod(note, status.st_mode & 0o666) }
    }
    guard note >= 0 else {
      throw StoreError(
        "expected a store at '\(name)' that can be written, cannot write '\(path)': "
          + String(cString: strerror(errno)))
    }
    return note
  }

  private static func lock(_ descriptor: Int32) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    // A look at it, by ``StoreFile/isLocked``, holds it for a moment.
    usleep(50_000)
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  private static func isEmpty(_ note: Int32) -> Bool {
    var status = stat()
    return fstat(note, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size == 0
  }

  /// Who wrote the file last; nil where it holds something that no lock of ours wrote.
  private static func holder(_ note: Int32) -> String? {
    var buffer = [UInt8](repeating: 0, count: 1000)
    let count = pread(note, &buffer, buffer.count, 0)
    guard count > 0 else { return nil }
    let text = String(decoding: buffer.prefix(count), as: UTF8.self)
    return text.hasPrefix("process ") ? text : nil
  }
}
