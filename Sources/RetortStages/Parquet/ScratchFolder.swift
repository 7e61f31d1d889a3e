internal import Foundation
internal import RetortCore

/// A folder for files on the way, in the place for temporary files ($TMPDIR); gone with the value.
///
/// A process that is killed leaves its folder. Each holds a lock for as long as its process lives, so that the next one
/// that is made can tell which are left over, and takes them away.
final class ScratchFolder {
  let url: URL
  private let lock: Int32
  private static let start = "retort-scratch-"
  private static let lockName = ".lock"

  /// `place`: where it is made. Errors: ``StageError``.
  init(in place: URL = FileManager.default.temporaryDirectory) throws {
    Self.removeLeftOver(in: place)
    var name = Array(place.appending(path: Self.start + "XXXXXX").path.utf8CString)
    guard mkdtemp(&name) != nil else {
      throw StageError("cannot make a folder in '\(place.path)': \(String(cString: strerror(errno)))")
    }
    url = URL(filePath: String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    // Under its name it is locked already, so that nobody takes a folder away that is being made.
    let (new, lockFile) = (url.appending(path: ".new").path, url.appending(path: Self.lockName).path)
    lock = open(new, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    flock(lock, LOCK_EX | LOCK_NB)
    rename(new, lockFile)
    Leftovers.add(url.path)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
    Leftovers.remove(url.path)
    close(lock)
  }

  private static func removeLeftOver(in place: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
    for name in names where name.hasPrefix(start) {
      let folder = place.appending(path: name)
      var status = stat()
      guard lstat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid()
      else {
        continue
      }
      let lock = open(folder.appending(path: lockName).path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard lock >= 0 else { continue }
      defer { close(lock) }
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { continue }
      try? FileManager.default.removeItem(at: folder)
    }
  }
}
