internal import Foundation
internal import GRDB
package import RetortCore

/// The one place where results live: rows, steps, replies and runs, in a SQLite file that people can open too.
///
/// Reading is concurrent; writing goes through one queue that commits what has gathered in one transaction. A write
/// that returned survives the death of the process; power loss may cost the last commits (WAL, `synchronous` NORMAL),
/// never the file.
package final class Store: Sendable {
  let pool: DatabasePool
  /// As it was named.
  let path: String
  let file: StoreFile
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  private let writer: GroupWriter
  let shelf: TextShelf
  let imageFiles: ImageFiles
  /// Holds the copy that is looked at in place of a store that cannot be opened where it is.
  private let scratch: URL?

  /// What runs write down as they go.
  package var steps: StepLog { StepLog(store: self) }
  /// A run to be thought through and not made, over the store as it is now. Errors: ``StoreError``.
  package func sketch() async throws -> Sketch { try await Sketch(self) }

  /// Replies that were paid for.
  package var replies: ReplyLog { ReplyLog(store: self) }
  /// Results of tools' calls.
  package var tools: ToolLog { ToolLog(store: self) }
  /// The full text of corpora.
  package var texts: any TextLibrary { shelf }
  /// The bytes of images.
  package var images: any ImageShelf { imageFiles }
  /// What people look at.
  package var inspector: Inspector { Inspector(self) }

  /// Errors: ``StoreError`` when the path does not lead to this store any more.
  package func check() throws { try file.check() }

  /// Opens or creates the store at a path, creating its folder.
  ///
  /// Errors: ``StoreError`` when the file cannot be used, is no database or was written by a later version.
  package init(
    path: String, now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    self.now = now
    file = try StoreFile(path, writing: true)
    do { pool = try Self.migrated(file.path, named: path) } catch {
      throw StoreError(error, path: path) ?? error
    }
    self.path = path
    shelf = TextShelf(besides: file.path)
    imageFiles = ImageFiles(besides: file.path)
    scratch = nil
    writer = GroupWriter(pool: pool, file: file)
  }

  /// Opens a store to look inside, with no right to write: nothing in it changes, whoever else is writing meanwhile. One
  /// of an earlier version is brought up to date; where nothing can be written, a copy is looked at.
  ///
  /// Errors: ``StoreError`` when there is no store at the path, or one of a later version of retort.
  package init(reading path: String) throws {
    now = { 0 }
    file = try StoreFile(path, writing: false)
    do { (pool, scratch) = try Self.looking(file, named: path) } catch {
      throw StoreError(error, path: path) ?? error
    }
    self.path = path
    shelf = TextShelf(besides: file.path)
    imageFiles = ImageFiles(besides: file.path)
    writer = GroupWriter(pool: pool, file: file)
  }

  deinit { if let scratch { try? FileManager.default.removeItem(at: scratch) } }

  /// Names that a stage's view cannot have.
  package static var reservedNames: Set<String> { Views.reservedNames }

  /// Whether there is a store under a name. Errors: ``StoreError`` where no store can be.
  package static func exists(_ name: String) throws -> Bool { try StoreFile.exists(name) }

  private static func migrated(_ path: String, named name: String) throws -> DatabasePool {
    let pool = try DatabasePool(path: path, configuration: StoreConnection.configuration())
    let migrator = Schema.migrator
    let isLater = try pool.read { try migrator.hasBeenSuperseded($0) }
    guard !isLater else { throw Self.isLater(name) }
    // Pages: 16 MB of log. The same pages change again and again, and a checkpoint writes each of them once.
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 4000") }
    try migrate(pool, by: migrator)
    return pool
  }

  /// Two processes may make one store at once: the entry that the other has made meanwhile is no longer missing.
  private static func migrate(_ pool: DatabasePool, by migrator: DatabaseMigrator) throws {
    var tries = 0
    while true {
      do {
        try migrator.migrate(pool)
        if try !pool.read(Views.areCurrent) { try pool.write(Views.make) }
        return
      } catch let error as DatabaseError
        where tries < 50 && [.SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_BUSY].contains(error.resultCode)
      {
        tries += 1
        usleep(20_000)
      }
    }
  }

  private static func looking(_ file: StoreFile, named name: String) throws -> (DatabasePool, scratch: URL?) {
    do {
      if let pool = try current(file.path, named: name) { return (pool, nil) }
      if access(file.path, W_OK) == 0,
        access(URL(filePath: file.path).deletingLastPathComponent().path, W_OK) == 0
      {
        _ = try migrated(file.path, named: name)
        if let pool = try current(file.path, named: name) { return (pool, nil) }
      }
    } catch let error as DatabaseError where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) {
      // SQLite keeps its shared memory beside the store. Where it cannot, what nobody writes to can be read without.
      if !file.hasLog, StoreConnection.understandsAddresses,
        let pool = try current(StoreConnection.immutable(file.path), named: name)
      {
        return (pool, nil)
      }
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-look-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let copy = try file.copy(into: folder)
      _ = try migrated(copy, named: name)
      if let pool = try current(copy, named: name) { return (pool, folder) }
      throw StoreError(
        "expected to read the store at '\(name)', found that its copy cannot be brought up to date")
    } catch {
      try? FileManager.default.removeItem(at: folder)
      if error is CocoaError {
        throw StoreError(
          "expected to read the store at '\(name)', whose folder cannot be written, from a copy in "
            + "'\(folder.deletingLastPathComponent().path)', found: \(error.localizedDescription)")
      }
      throw error
    }
  }

  /// Nil for a store of an earlier version.
  private static func current(_ path: String, named name: String) throws -> DatabasePool? {
    let pool = try DatabasePool(path: path, configuration: StoreConnection.configuration(readonly: true))
    let migrator = Schema.migrator
    let (isLater, isWhole) = try pool.read {
      (try migrator.hasBeenSuperseded($0), try migrator.hasCompletedMigrations($0))
    }
    guard !isLater else { throw Self.isLater(name) }
    return isWhole ? pool : nil
  }

  private static func isLater(_ path: String) -> StoreError {
    StoreError(
      "the store at '\(path)' was written by a later version of retort; use that version, or name another store with "
        + "--store")
  }

  /// Errors: ``StoreError`` when the machine or the file is at fault, or holds what no store does; else what `body`
  /// throws.
  func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try file.check()
    do { return try await pool.read(body) } catch { throw StoreError(reading: error, path: path) ?? error }
  }

  /// Runs `body` in the next commit and returns when that commit has; what throws is undone alone. `body` may run twice.
  /// Errors: ``StoreError`` when the machine or the file is at fault; else what `body` throws, or SQLite.
  func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await writer.perform(body) } catch { throw StoreError(error, path: path) ?? error }
  }

  /// Looks something small up by its key, in the writer's next batch: that costs less than a reading connection and a
  /// transaction of its own. Long reads belong to ``read(_:)``.
  func lookUp<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await writer.perform(writes: false, body) } catch {
      throw StoreError(error, path: path) ?? error
    }
  }

  /// Makes this process the only one that runs a pipeline on the store, until the lock is let go of.
  /// Errors: ``StoreError``, which says who holds it.
  package func lock(for pipeline: String, at time: Double) throws -> StoreLock {
    let since = Date(timeIntervalSince1970: time.rounded()).formatted(.iso8601)
    let process = ProcessInfo.processInfo.processIdentifier
    return try StoreLock(file, name: path, words: "process \(process) (pipeline \(pipeline), since \(since))")
  }
}
