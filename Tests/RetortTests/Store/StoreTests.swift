import Foundation
import OrderedCollections
import Testing

@testable import Retort

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
    let run = try await store.write { db in
      try Store.beginRun(pipeline, flags: [:], fingerprint: pipeline.fingerprint, at: 0, db)
    }
    func status() async throws -> [String?] {
      [try await store.runs().objects[0]["status"]?.string, try await store.recordedRun(run)?.status]
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
}
