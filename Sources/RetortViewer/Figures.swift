internal import RetortCore
internal import RetortReport
internal import RetortStore

/// The numbers of runs. Those of an ended run are counted once; those of a live one again after a while that is longer
/// the longer counting takes, so that looking does not hold the run up.
actor Figures {
  struct Run: Sendable {
    var books: OrderedBooks
    var dropped: [Losses]
    var failed: [Losses]
  }

  private let store: Store
  private var runs: [Int64: (figures: Run, status: String, until: ContinuousClock.Instant)] = [:]
  private var totals: [Int64: [String: CallTally]] = [:]
  private var marks: [Int64] = [0, 0]
  private let now: @Sendable () -> ContinuousClock.Instant

  init(_ store: Store, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
    self.store = store
    self.now = now
  }

  func figures(of run: RunListing) async throws -> Run {
    if let known = runs[run.id], known.status == run.status, !run.isRunning || now() < known.until {
      return known.figures
    }
    let start = now()
    let figures = Run(
      books: try await store.inspector.books(of: run.id),
      dropped: try await store.inspector.dropped(of: run.id),
      failed: try await store.inspector.failed(of: run.id))
    let end = now()
    if runs.count > 50 { runs = [:] }
    runs[run.id] = (figures, run.status, end + (.seconds(1) + start.duration(to: end) * 4))
    return figures
  }

  /// What the calls of each run took, by stage. Calls are only ever added: each is read once.
  func calls() async throws -> [Int64: [String: CallTally]] {
    let before = marks
    let found = try await store.inspector.callTotals(after: before)
    // Another request may have been here meanwhile.
    guard marks == before else { return totals }
    marks = found.marks
    for (run, stages) in found.totals {
      for (stage, more) in stages { totals[run, default: [:]][stage, default: CallTally()] += more }
    }
    return totals
  }
}
