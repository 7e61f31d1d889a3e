internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

/// Options of every command that opens the store.
struct StoreOptions: ParsableArguments {
  @Option(name: .long, help: "The store. Default: $RETORT_STORE, else ./.retort/store.sqlite.")
  var store: String?

  /// As it was named.
  func name(in shell: Shell) -> String {
    store ?? shell.environment["RETORT_STORE"] ?? ".retort/store.sqlite"
  }

  func path(in shell: Shell) -> String { shell.path(name(in: shell)) }

  /// Works with a store that may not be there yet; where it is not, with an empty one that is gone afterwards.
  func looking<T>(in shell: Shell, _ work: (Store) async throws -> T) async throws -> T {
    guard try !exists(in: shell) else { return try await work(try Store(reading: path(in: shell))) }
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
    Leftovers.add(folder.path)
    defer {
      try? FileManager.default.removeItem(at: folder)
      Leftovers.remove(folder.path)
    }
    return try await work(try Store(path: folder.appending(path: "store.sqlite").path))
  }

  /// Refuses exports that would write over what retort did not make. Errors: ``CommandFailure/usage(_:)``.
  func refuseObstacles(
    _ pipeline: Pipeline, _ options: RunOptions, store: Store, in shell: Shell
  ) async throws {
    let found = try await pipeline.obstacles(
      to: options, ledger: StoreLedger(store, folder: pipeline.folder, exports: pipeline.catalog.exports), store: path(in: shell))
    guard found.isEmpty else { throw CommandFailure.usage(found.joined(separator: "\nerror: ")) }
  }

  /// Opens a store to write to; one that is not there is an error, not a new empty one.
  func openExisting(in shell: Shell) throws -> Store {
    try mustExist(in: shell)
    return try Store(path: path(in: shell))
  }

  /// Opens a store to look inside, with no right to write.
  func openReading(in shell: Shell) throws -> Store {
    try mustExist(in: shell)
    return try Store(reading: path(in: shell))
  }

  private func exists(in shell: Shell) throws -> Bool {
    do { return try Store.exists(path(in: shell)) } catch { throw CommandFailure.usage("\(error)") }
  }

  private func mustExist(in shell: Shell) throws {
    guard try exists(in: shell) else {
      throw CommandFailure.usage(
        "expected a store at '\(name(in: shell))', found none; name one with --store")
    }
  }
}
