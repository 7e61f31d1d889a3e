internal import Foundation
internal import RetortCore
internal import Synchronization

/// The one regular file that a store is, under whatever name it was given: what is locked, and what is looked at again
/// to see that it is still there.
final class StoreFile: Sendable {
  /// Absolute and without links: SQLite names the files beside a database after the path it is given.
  let path: String
  /// Made by this opening.
  let isNew: Bool
  /// Of the user who owns the file.
  let owner: UInt32
  private let identity: FileIdentity
  private let descriptor: Int32
  /// The write-ahead log that a run writes to.
  private let log = Mutex<FileIdentity?>(nil)

  /// - Parameter writing: makes the file, and its folder, where there is none.
  /// Errors: ``StoreError`` when the name or what stands there cannot be a store.
  init(_ name: String, writing: Bool) throws {
    if writing {
      let folder = URL(filePath: name).deletingLastPathComponent()
      // Where it cannot be made, the file cannot either, and opening that says why.
      if !name.isEmpty {
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
    }
    let found = try Self.look(at: name)
    path = found.path
    var opened: Int32 = -1
    if found.exists {
      opened = open(path, (writing ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    } else if writing {
      opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      // Whatever the umask: prompts and replies are their owner's.
      if opened >= 0 { fchmod(opened, 0o600) }
    }
    guard opened >= 0 else {
      let words = String(cString: strerror(errno))
      throw StoreError(
        "expected a store at '\(name)' that can be \(writing ? "written" : "read"), found that it cannot (\(words))"
      )
    }
    var status = stat()
    fstat(opened, &status)
    descriptor = opened
    identity = FileIdentity(status)
    owner = status.st_uid
    isNew = !found.exists
    Descriptors.shared.begin(identity, descriptor)
  }

  deinit { Descriptors.shared.end(identity) }

  /// Whether there is a store to be opened under a name. Errors: as of ``init(_:writing:)``.
  static func exists(_ name: String) throws -> Bool { try look(at: name).exists }

  /// The same file, opened once more: a lock belongs to one opening. Errors: ``StoreError``.
  func reopened() throws -> Int32 {
    try check()
    if let idle = Descriptors.shared.take(identity) { return idle }
    let again = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard again >= 0 else {
      throw StoreError(
        "expected a store at '\(path)' that can be written, found that it cannot (\(String(cString: strerror(errno))))"
      )
    }
    return again
  }

  func giveBack(_ descriptor: Int32) { Descriptors.shared.give(descriptor, identity) }

  /// Whether a run holds the store, in this process or another.
  var isLocked: Bool {
    guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
    flock(descriptor, LOCK_UN)
    return false
  }

  /// From now on the write-ahead log is looked at too.
  func watchLog() { log.withLock { $0 = FileIdentity(path: path + "-wal") } }

  /// Errors: ``StoreError`` when the path does not lead to this file any more.
  func check() throws {
    guard FileIdentity(path: path) == identity else {
      throw StoreError(
        "expected the store at '\(path)' to stay where it is, found it deleted, renamed or replaced; nothing more is "
          + "asked or kept; put it back with the files beside it, or begin again with another")
    }
    guard let log = log.withLock({ $0 }), FileIdentity(path: path + "-wal") != log else { return }
    throw StoreError(
      "expected '\(path)-wal' to stay while the store is in use, found it deleted, renamed or replaced; nothing more "
        + "is asked or kept; `retort resume` goes on with what was committed")
  }

  /// Copies the store as it is, with its write-ahead log, into a folder. Through this descriptor: to close another one
  /// of the file would let go of every lock that SQLite holds on it.
  func copy(into folder: URL) throws -> String {
    let copy = folder.appending(path: "store.sqlite").path
    let target = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard target >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(target) }
    var offset: off_t = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = pread(descriptor, &buffer, buffer.count, offset)
      guard count >= 0 else { throw CocoaError(.fileReadUnknown) }
      guard count > 0 else { break }
      guard write(target, buffer, count) == count else { throw CocoaError(.fileWriteOutOfSpace) }
      offset += off_t(count)
    }
    if FileIdentity(path: path + "-wal") != nil {
      try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
    }
    return copy
  }

  /// Whether there is a write-ahead log with something in it.
  var hasLog: Bool {
    var status = stat()
    return stat(path + "-wal", &status) == 0 && status.st_size > 0
  }

  // MARK: Names

  private static func look(at name: String) throws -> (path: String, exists: Bool) {
    guard !name.isEmpty, name != ":memory:", !name.lowercased().hasPrefix("file:") else {
      throw StoreError(
        "expected the path of a store's file, found '\(name)'; a store is a file on a disk, named by its plain path"
      )
    }
    let path = try resolved(name)
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT else { throw cannot(name) }
      return (path, false)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no regular file"
      throw StoreError("expected a store's file at '\(name)', found \(kind); name another with --store")
    }
    guard status.st_nlink == 1 else {
      throw StoreError(
        "expected the store at '\(name)' to have one name, found \(status.st_nlink) hard links; SQLite keeps its log "
          + "beside one name alone, so that writing under two would damage it: remove the other names, or copy the file"
      )
    }
    guard !isMountPoint(path) else {
      throw StoreError(
        "expected the store at '\(name)' to be mounted with its folder, found the file mounted alone; SQLite keeps its "
          + "log beside it, so that writing under two paths would damage it: mount the folder")
    }
    return (path, true)
  }

  private static func cannot(_ name: String) -> StoreError {
    StoreError(
      "expected a store at '\(name)', found that it cannot be used (\(String(cString: strerror(errno))))")
  }

  /// Of a file that is not there yet: its folder without links. A link that leads to no file is followed too.
  private static func resolved(_ name: String, links: Int = 0) throws -> String {
    if let whole = realpath(name, nil) {
      defer { free(whole) }
      return String(cString: whole)
    }
    guard errno == ENOENT, links < 40 else { throw cannot(name) }
    let url = URL(filePath: name).absoluteURL
    let parent = url.deletingLastPathComponent().path
    if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: name) {
      return try resolved(target.hasPrefix("/") ? target : parent + "/" + target, links: links + 1)
    }
    guard let folder = realpath(parent, nil) else {
      // Nothing can be there, and a folder is made for what writes.
      if errno == ENOENT { return url.path }
      throw cannot(name)
    }
    defer { free(folder) }
    let base = String(cString: folder)
    return (base == "/" ? "" : base) + "/" + url.lastPathComponent
  }

  private static func isMountPoint(_ path: String) -> Bool {
    guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else {
      return false
    }
    let written = path.replacing("\\", with: "\\134").replacing(" ", with: "\\040").replacing(
      "\t", with: "\\011"
    )
    .replacing("\n", with: "\\012")
    return mounts.contains(" \(written) ")
      && mounts.split(separator: "\n").contains {
        let fields = $0.split(separator: " ")
        return fields.count > 4 && fields[4] == written
      }
  }
}

/// What tells files apart, whatever they are called.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let number: UInt64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }

  /// Nil where nothing can be seen.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

/// The descriptors of this process on databases. SQLite locks with record locks, and the system drops all of those that a
/// process holds on a file as soon as it closes any descriptor of it; so none is closed while a store has the file open.
private final class Descriptors: Sendable {
  static let shared = Descriptors()

  private struct Entry {
    var uses = 0
    var all: [Int32] = []
    var idle: [Int32] = []
  }

  private let entries = Mutex<[FileIdentity: Entry]>([:])

  func begin(_ file: FileIdentity, _ descriptor: Int32) {
    entries.withLock { entries in
      entries[file, default: Entry()].uses += 1
      entries[file]?.all.append(descriptor)
    }
  }

  func end(_ file: FileIdentity) {
    entries.withLock { entries in
      entries[file]?.uses -= 1
      guard let entry = entries[file], entry.uses == 0 else { return }
      for descriptor in entry.all + entry.idle { close(descriptor) }
      entries[file] = nil
    }
  }

  func take(_ file: FileIdentity) -> Int32? { entries.withLock { $0[file]?.idle.popLast() } }

  func give(_ descriptor: Int32, _ file: FileIdentity) {
    entries.withLock { $0[file, default: Entry()].idle.append(descriptor) }
  }
}
