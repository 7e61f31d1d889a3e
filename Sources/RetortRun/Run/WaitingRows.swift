internal import OrderedCollections

/// The rows of a run that wait for an answer from outside: how many at which stage, and for what.
struct WaitingRows: Sendable {
  private struct Wait: Hashable {
    let stage: String
    let what: String
  }

  private var counts: OrderedDictionary<Wait, Int> = [:]

  mutating func add(_ rows: Int, of stage: String, for what: String) {
    counts[Wait(stage: stage, what: what), default: 0] += rows
  }

  /// `12 rows of reviewed wait for a verdict in 'reviewed.csv'`; nil where none wait.
  var words: String? {
    guard !counts.isEmpty else { return nil }
    return counts.map { wait, rows in
      "\(rows) \(rows == 1 ? "row" : "rows") of \(wait.stage) \(rows == 1 ? "waits" : "wait") for \(wait.what)"
    }.joined(separator: "; ")
  }
}
