import Foundation
import GRDB
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortReport
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

struct StoreTests {
  private func path() throws -> String { try Bench.folder().appending(path: "store.sqlite").path }

  @Test func aFileThatIsNoDatabaseIsRefusedAndLeftAlone() throws {
    let path = try path()
    let text = String(repeating: "no database ", count: 100)
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    #expect(
      throws: StoreError(
        "expected a store at '\(path)', found a file that is no SQLite database; move it away, or name another "
          + "store with --store")
    ) { try Store(path: path) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  /// A process that was killed has let go of the lock and left its run as it was.
  @Test func aRunWhoseProcessIsGoneIsInterrupted() async throws {
    let store = try Store(path: path())
    let pipeline = Pipeline(name: "p", file: URL(filePath: "/p.yaml"), models: [:], stages: [])
    let run = try await store.steps.beginRun(NewRun(pipeline, RunOptions()), at: 0).run
    func status() async throws -> [String?] {
      [
        try await store.inspector.runs().objects[0]["status"]?.string,
        try await store.inspector.recordedRun(run)?.status,
      ]
    }
    #expect(try await status() == ["interrupted", "interrupted"])
    let lock = try store.lock(for: "p", at: 0)
    #expect(try await status() == ["running", "running"])
    withExtendedLifetime(lock) {}
  }

  @Test func oneRunAtATimeWritesToAStore() throws {
    let store = try Store(path: path())
    var lock: StoreLock? = try store.lock(for: "first", at: 0)
    #expect(
      throws: StoreError(
        "expected the store at '\(store.path)' to be free, found it in use by process "
          + "\(ProcessInfo.processInfo.processIdentifier) (pipeline first, since 1970-01-01T00:00:00Z); let that run "
          + "end, or name another store with --store")
    ) { try store.lock(for: "second", at: 1) }
    lock = nil
    #expect(lock == nil)
    #expect(throws: Never.self) { try store.lock(for: "third", at: 2) }
  }

  @Test func aRunIsRefusedWhileAnotherHoldsTheStore() async throws {
    let lab = try Lab(records: ["a"])
    let lock = try lab.store.lock(for: "other", at: 0)
    await #expect(throws: StoreError.self) { try await lab.run() }
    withExtendedLifetime(lock) {}
    #expect(lab.performed.isEmpty)
  }

  @Test func theLockBelongsToTheFileUnderAnyName() throws {
    let path = try path()
    let store = try Store(path: path)
    let link = path + ".link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "store.sqlite")
    let lock = try store.lock(for: "first", at: 0)
    let folder = URL(filePath: path).deletingLastPathComponent().lastPathComponent
    for name in [link, path.replacing("/store.sqlite", with: "/../\(folder)/./store.sqlite")] {
      let other = try Store(path: name)
      #expect(throws: StoreError.self) { try other.lock(for: "second", at: 1) }
    }
    withExtendedLifetime(lock) {}
    #expect(!FileManager.default.fileExists(atPath: link + ".lock"))
  }

  /// A store moved away is still the same file.
  @Test func theLockGoesWithTheFile() throws {
    let path = try path()
    let store = try Store(path: path)
    let lock = try store.lock(for: "first", at: 0)
    for end in ["", "-wal", "-shm"] {
      try FileManager.default.moveItem(atPath: path + end, toPath: path + ".moved" + end)
    }
    let moved = try Store(path: path + ".moved")
    #expect(throws: StoreError.self) { try moved.lock(for: "second", at: 1) }
    withExtendedLifetime(lock) {}
  }

  @Test(arguments: ["", ":memory:", "file:///tmp/x.sqlite", "FILE:x.sqlite", "/", "/dev/null"])
  func whatIsNoFileOnADiskIsRefused(name: String) throws {
    #expect(throws: StoreError.self) { try Store(path: name) }
    #expect(throws: StoreError.self) { try Store.exists(name) }
  }

  @Test func aStoreWithTwoHardLinksIsRefused() throws {
    let path = try path()
    _ = try Store(path: path)
    try FileManager.default.linkItem(atPath: path, toPath: path + ".other")
    #expect(throws: StoreError.self) { try Store(path: path) }
    #expect(throws: StoreError.self) { try Store(reading: path + ".other") }
  }

  @Test func aNewStoreIsItsOwnersAndAnOldOneKeepsItsMode() throws {
    let path = try path()
    func modes() throws -> [Int?] {
      try ["", "-wal", "-shm", ".lock"].map {
        try FileManager.default.attributesOfItem(atPath: path + $0)[.posixPermissions] as? Int
      }
    }
    var store: Store? = try Store(path: path)
    _ = try store?.lock(for: "p", at: 0)
    #expect(try modes() == [0o600, 0o600, 0o600, 0o600])
    store = nil
    try FileManager.default.removeItem(atPath: path + ".lock")
    try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: path)
    store = try Store(path: path)
    _ = try store?.lock(for: "p", at: 0)
    #expect(try modes() == [0o664, 0o664, 0o664, 0o664])
  }

  @Test func aStoreThatIsGoneOrAnotherIsNeitherReadNorWritten() async throws {
    let path = try path()
    let store = try Store(path: path)
    try FileManager.default.removeItem(atPath: path)
    await #expect(throws: StoreError.self) { try await store.inspector.newestRun() }
    #expect(!FileManager.default.fileExists(atPath: path))
    let other = try Store(path: path)
    await #expect(throws: StoreError.self) {
      try await store.write { try $0.execute(sql: "DELETE FROM run") }
    }
    await #expect(throws: StoreError.self) { _ = try await store.replies.recall(Digest(of: "x")) }
    #expect(try await other.inspector.newestRun() == nil)
  }

  @Test func aRunEndsWhenItsStoreIsReplaced() async throws {
    let lab = try Lab(records: ["a", "b"])
    let path = lab.pipeline.folder.appending(path: "store.sqlite").path
    lab.hold("b", untilGathered: 1)
    let run = Task { try await lab.run() }
    while !lab.performed.contains("a") { await Task.yield() }
    try FileManager.default.removeItem(atPath: path)
    await #expect(throws: StoreError.self) { try await run.value }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aRunIsKnownByItsUserAndMachine() async throws {
    let lab = try Lab(records: ["a"])
    let run = try await lab.run().run
    #expect(try await lab.store.inspector.recordedRun(run)?.isFromHere == true)
    for home in [nil, Home.digest(user: geteuid(), machine: "another")] {
      try await lab.store.write { try $0.execute(sql: "UPDATE run SET home = ?", arguments: [home]) }
      #expect(try await lab.store.inspector.recordedRun(run)?.isFromHere == false)
    }
    try await lab.store.steps.adopt(run)
    #expect(try await lab.store.inspector.recordedRun(run)?.isFromHere == true)
    #expect(Home.digest(user: 1, machine: "m") != Home.digest(user: 2, machine: "m"))
  }

  @Test func valuesOfAnotherTypeAreAnErrorWithWords() async throws {
    let lab = try Lab(records: ["a"])
    let run = try await lab.run().run
    for change in ["flags = 'no json'", "started = 1e300, flags = '{}', resolved = '[1'"] {
      try await lab.store.write { try $0.execute(sql: "UPDATE run SET \(change)") }
      await #expect(throws: (any Error).self) {
        _ = try await RunReport.read(run, from: lab.store.inspector, catalog: .standard)
      }
    }
    try await lab.store.write { try $0.execute(sql: "UPDATE run_stage SET \"from\" = '[' ") }
    await #expect(throws: StoreError.self) { _ = try await lab.store.inspector.outline(of: run) }
    await #expect(throws: StoreError.self) { _ = try await lab.store.inspector.books(of: run) }
  }

  /// What the file has under the names of our views, and its triggers, is never performed.
  @Test func viewsAndTriggersOfAFileAreNotPerformed() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    try await lab.store.write { db in
      try db.execute(
        sql: """
          DROP VIEW runs;
          CREATE VIEW runs AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS run FROM n;
          CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM reply; DELETE FROM step; END;
          """)
    }
    #expect(try await lab.store.inspector.runs().rows.count == 1)
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed == ["a"])
  }
}
