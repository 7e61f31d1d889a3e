package import Foundation
internal import GRDB
package import RetortCore
internal import Synchronization

/// The files that exports and reports wrote, as the store remembers them: in a table of its own, and in the rows of
/// exports that an earlier version performed.
package final class StoreLedger: FileLedger {
  private let store: Store
  private let folder: URL
  /// Kinds whose rows say which files they wrote.
  private let kinds: [String]
  private let changed = Mutex<[KeptFile]>([])

  /// `folder` is the one that paths in the rows of exports are seen from; `kinds` are those of exports.
  package init(_ store: Store, folder: URL, exports kinds: [String]) {
    self.store = store
    self.folder = folder
    self.kinds = kinds
  }

  /// Files that somebody had changed, where they are kept.
  package var kept: [KeptFile] { changed.withLock { $0 } }
  package func kept(_ file: KeptFile) { changed.withLock { $0.append(file) } }

  package func owns(_ url: URL) -> String? { Store.owns(url, store: store.file.path) }

  package func hashes(of target: ExportTarget) async throws -> Set<String> {
    let path = PathIdentity.canonical(target.url)
    let names = Set([target.url.path, path, Workspace.relative(target.url.path, to: folder)])
    let kinds = kinds.map { JSON.string($0) }
    return try await store.read { db in
      var found = try String.fetchSet(
        db, sql: #"SELECT mark FROM "file__mark" WHERE path = ? AND role = ?"#,
        arguments: [path, target.role.rawValue])
      guard target.role != .report else { return found }
      found.formUnion(
        try String.fetchSet(
          db,
          sql: """
            SELECT sha256 FROM (
              SELECT CASE WHEN json_valid(r.json) THEN json_extract(r.json, '$.path') END AS path,
                CASE WHEN json_valid(r.json) THEN json_extract(r.json, '$.sha256') END AS sha256
              FROM fingerprint f JOIN step s ON s.fingerprint = f.id JOIN emission e ON e.step = s.id
              JOIN "row" r ON r.id = e."row"
              WHERE f.kind IN (SELECT value FROM json_each(?)))
            WHERE typeof(sha256) = 'text' AND path IN (SELECT value FROM json_each(?))
            """,
          arguments: [JSON.array(kinds).text, JSON.array(names.map { .string($0) }).text]))
      return found
    }
  }

  package func note(_ files: [(target: ExportTarget, sha256: String)]) async throws {
    let marks = files.map { (PathIdentity.canonical($0.target.url), $0.target.role.rawValue, $0.sha256) }
    try await store.write { db in
      for (path, role, sha256) in marks {
        try db.execute(
          sql: #"INSERT OR IGNORE INTO "file__mark" VALUES (?, ?, ?)"#, arguments: [path, role, sha256])
      }
    }
    store.syncLog()
  }

  package func partial(of target: ExportTarget) async throws -> UInt64? {
    let path = PathIdentity.canonical(target.partial)
    return try await store.read { db in
      try String.fetchOne(
        db, sql: #"SELECT mark FROM "file__mark" WHERE path = ? AND role = 'partial'"#, arguments: [path])
    }.flatMap(UInt64.init)
  }

  package func note(partial inode: UInt64, of target: ExportTarget) async throws {
    let path = PathIdentity.canonical(target.partial)
    try await store.write { db in
      try db.execute(
        sql: #"DELETE FROM "file__mark" WHERE path = ? AND role = 'partial'"#, arguments: [path])
      try db.execute(
        sql: #"INSERT INTO "file__mark" VALUES (?, 'partial', ?)"#, arguments: [path, String(inode)])
    }
  }
}

extension Store {
  /// What of the store at `path` a path leads to: itself, or a file that belongs to it; nil for any other.
  package static func owns(_ url: URL, store path: String) -> String? {
    let keys = Set(PathIdentity.keys(of: url))
    let names = [path, URL(filePath: path).resolvingSymlinksInPath().path]
    return ["", "-wal", "-shm", "-journal", ".lock"].lazy
      .first { suffix in
        names.contains { !keys.isDisjoint(with: PathIdentity.keys(of: URL(filePath: $0 + suffix))) }
      }
      .map { "the store\($0.isEmpty ? "" : "'s '\($0)'")" }
  }

  /// Sees to it that what was committed survives the loss of power: SQLite's log is not written through at each commit.
  fileprivate func syncLog() {
    let log = open(file.path + "-wal", O_RDONLY | O_CLOEXEC)
    guard log >= 0 else { return }
    fsync(log)
    close(log)
  }
}
