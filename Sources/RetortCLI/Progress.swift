internal import Foundation
internal import Retort
internal import Synchronization

/// A run's progress on stderr: a line per stage as it finishes, failures as they come, and the closing table.
final class Progress: Sendable {
  private let seen = Mutex<Set<String>>([])
  private let stages: [String]

  init(_ stages: [String]) { self.stages = stages }

  func tell(_ event: RunEvent) {
    switch event {
    case .started(let run): Terminal.complain("run \(run)")
    case .reused, .performed: break
    case .failed(let stage, let kind, let message):
      // The same message for every row of an outage would hide what else happens; `retort failures` has them all.
      let isNew = seen.withLock { $0.insert("\(stage) \(kind) \(message)").inserted }
      if isNew { Terminal.complain("\(stage): failed (\(kind)): \(message)") }
    case .finished(let stage, let books):
      Terminal.complain(
        "\(stage): in \(books.in), emitted \(books.emitted), dropped \(books.dropped), failed \(books.failed), "
          + "pending \(books.pending), reused \(books.reused)")
    case .stopping(let status, let message): Terminal.complain("stopping (\(status.rawValue)): \(message)")
    }
  }

  func report(_ summary: RunSummary) {
    let rows = summary.stages.list.map { entry -> [JSON] in
      let books = entry.books
      return [.string(entry.stage)]
        + [books.in, books.emitted, books.dropped, books.failed, books.pending, books.reused, books.rows]
        .map { .int(Int64($0)) }
    }
    let table = Table(
      columns: ["stage", "in", "emitted", "dropped", "failed", "pending", "reused", "rows"], rows: rows)
    for line in Terminal.lines(of: table) { Terminal.complain(line) }
    for entry in summary.stages.list where entry.books.leftOut > 0 {
      Terminal.complain("\(entry.stage): \(entry.books.leftOut) samples left out; the view dropped says why")
    }
    let calls = summary.calls
    Terminal.complain(
      "calls: \(calls.made) made, \(calls.remembered) remembered, \(calls.failed) failed; tokens: "
        + "\(calls.promptTokens) prompt, \(calls.completionTokens) completion; USD \(calls.usd)")
    for export in summary.exports {
      Terminal.complain("wrote \(export.path) (\(export.rows) rows\(export.complete ? "" : ", incomplete"))")
    }
    Terminal.complain("\(summary.status.rawValue) in \(String(format: "%.1f", summary.seconds)) s")
    if summary.status != .complete { Terminal.complain("go on with: retort resume \(summary.run)") }
  }
}

/// Performs `body` in a task that Ctrl-C or SIGTERM cancels once; a second one ends the process the hard way.
func interruptible<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
  let task = Task { try await body() }
  let sources = [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler {
      if task.isCancelled { exit(130) }
      Terminal.complain("stopping: waiting for what is being written; press again to end at once")
      task.cancel()
    }
    source.resume()
    return source
  }
  defer { for source in sources { source.cancel() } }
  return try await task.value
}
