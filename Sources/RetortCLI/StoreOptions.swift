internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStages

/// Options of every command that opens the store.
struct StoreOptions: ParsableArguments {
  @Option(name: .long, help: "The store. Default: $RETORT_STORE, else ./.retort/store.sqlite.")
  var store: String?

  var path: String {
    store ?? ProcessInfo.processInfo.environment["RETORT_STORE"] ?? ".retort/store.sqlite"
  }

  /// Works with a store that may not be there yet; where it is not, with an empty one that is gone afterwards.
  func looking<T>(_ work: (Store) async throws -> T) async throws -> T {
    guard try !exists() else { return try await work(try Store(reading: path)) }
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
    Leftovers.add(folder.path)
    defer {
      try? FileManager.default.removeItem(at: folder)
      Leftovers.remove(folder.path)
    }
    return try await work(try Store(path: folder.appending(path: "store.sqlite").path))
  }

  /// Refuses exports that would write over what retort did not make. Errors: ``CommandFailure/usage(_:)``.
  func refuseObstacles(_ pipeline: Pipeline, _ options: RunOptions, in store: Store) async throws {
    let found = try await pipeline.obstacles(
      to: options, ledger: StoreLedger(store, folder: pipeline.folder), store: path)
    guard found.isEmpty else { throw CommandFailure.usage(found.joined(separator: "\nerror: ")) }
  }

  /// Opens a store to write to; one that is not there is an error, not a new empty one.
  func openExisting() throws -> Store {
    try mustExist()
    return try Store(path: path)
  }

  /// Opens a store to look inside, with no right to write.
  func openReading() throws -> Store {
    try mustExist()
    return try Store(reading: path)
  }

  private func exists() throws -> Bool {
    do { return try Store.exists(path) } catch { throw CommandFailure.usage("\(error)") }
  }

  private func mustExist() throws {
    guard try exists() else {
      throw CommandFailure.usage("expected a store at '\(path)', found none; name one with --store")
    }
  }
}

/// Options of every command that looks at a run.
struct LookOptions: ParsableArguments {
  @Option(name: .long, help: "The run, by its number. Default: the newest.")
  var run: Int64?

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  func resolve(in store: Store) async throws -> Int64 {
    if let run { return run }
    guard let newest = try await store.newestRun() else {
      throw CommandFailure.usage("expected a run in the store, found none; `retort run FILE` makes one")
    }
    return newest
  }
}

/// A failure with the exit status that the outside relies on.
enum CommandFailure: Error {
  case usage(String)
  case cannotRun(String)
}

extension AsyncParsableCommand {
  /// Performs a command's work, printing what went wrong to stderr and ending with its exit status.
  func reporting(_ work: () async throws -> Void) async throws {
    do { try await work() } catch let error as PipelineErrors {
      Terminal.complain(error.description)
      throw ExitCode(2)
    } catch CommandFailure.usage(let message) {
      Terminal.complain("error: \(message)")
      throw ExitCode(2)
    } catch CommandFailure.cannotRun(let message) {
      Terminal.complain("error: \(message)")
      throw ExitCode(1)
    } catch let code as ExitCode { throw code } catch {
      Terminal.complain("error: \(error)")
      throw ExitCode(1)
    }
  }
}
