internal import Foundation
internal import RetortCore
internal import RetortStore

/// Which run `retort resume` goes on with where none is named: the newest that is unfinished and that no later run took
/// up. A finished run is none of them, whichever pipeline it is of.
struct ResumableRuns {
  /// Newest first.
  let unfinished: [BegunRun]
  /// Those of them whose pipeline file is no longer there.
  let lost: [BegunRun]
  /// Of all.
  let newest: BegunRun

  /// - Parameter runs: newest first. Nil where there are none.
  init?(_ runs: [BegunRun], fileExists: (String) -> Bool = { FileManager.default.fileExists(atPath: $0) }) {
    guard let newest = runs.first else { return nil }
    let open = runs.enumerated().filter { place, run in
      run.status != "complete" && !runs.prefix(place).contains { Self.takes($0, up: run) }
    }.map(\.element)
    self.newest = newest
    unfinished = open.filter { fileExists($0.file) }
    lost = open.filter { !fileExists($0.file) }
  }

  /// The one to go on with; nil where there is none.
  var next: BegunRun? { unfinished.first }

  /// Whether a later run went on with an earlier one, or asked for all that it had asked for.
  private static func takes(_ later: BegunRun, up earlier: BegunRun) -> Bool {
    if later.origin == earlier.origin { return true }
    guard later.file == earlier.file, let new = try? later.flags.decode(Flags.self),
      let old = try? earlier.flags.decode(Flags.self)
    else { return false }
    let asksForAllRows = new.limit == nil || old.limit.map { $0 <= new.limit ?? 0 } ?? false
    let asksForAllStages = new.only == nil || new.only == old.only
    return asksForAllRows && asksForAllStages && new.set == old.set && Set(old.redo).isSubset(of: new.redo)
  }

  /// What is to be said before the next one is gone on with, or where there is none.
  var words: [String] {
    var words: [String] = []
    if newest.status == "complete" { words.append("\(Self.name(newest)) is complete") }
    for run in lost where run.id > next?.id ?? 0 {
      words.append("\(Self.name(run)) is unfinished (\(run.status)), and its file is gone: \(run.file)")
    }
    guard let next else {
      return words + ["nothing to go on with; `retort run FILE` does what is new"]
    }
    if next.id != newest.id { words.append("going on with \(Self.name(next)), unfinished (\(next.status))") }
    for run in unfinished.dropFirst().prefix(3) {
      words.append("also unfinished: \(Self.name(run)) (\(run.status)): retort resume \(run.id)")
    }
    return words
  }

  private static func name(_ run: BegunRun) -> String { "run \(run.id) of \(run.pipeline)" }
}
