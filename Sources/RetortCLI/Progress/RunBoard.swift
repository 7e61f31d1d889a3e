internal import RetortRun
internal import RetortStore

/// What a run has told so far, stage by stage. Times are seconds on a clock that the caller reads.
struct RunBoard: Hashable, Sendable {
  struct Stage: Hashable, Sendable {
    let name: String
    let from: [String]
    /// Input rows that were answered.
    var done = 0
    var dropped = 0
    var failed = 0
    /// Rows that came out.
    var out = 0
    var inFlight = 0
    var isFinished = false
    /// Its round is not played.
    var isSkipped = false
    /// Rows answered by work, not from the store, and when: one entry a second, of the last ``RunBoard/window``.
    var pace: [Pace] = []

    var kept: Int { done - dropped - failed }
  }

  struct Pace: Hashable, Sendable {
    let time: Double
    var performed: Int
  }

  /// Seconds over which the rate is taken.
  static let window = 30.0

  let began: Double
  private(set) var run: Int64?
  private(set) var stages: [Stage]

  /// - Parameter stages: names in file order, with the stages whose rows each takes.
  init(_ stages: [(name: String, from: [String])], at time: Double) {
    began = time
    self.stages = stages.map { Stage(name: $0.name, from: $0.from) }
  }

  subscript(name: String) -> Stage? { stages.first { $0.name == name } }

  mutating func take(_ event: RunEvent, at time: Double) {
    switch event {
    case .started(let run): self.run = run
    case .began(let name): change(name) { $0.inFlight += 1 }
    case .reused(let name, let answered):
      change(name) { $0.add(answered) }
    case .performed(let name, let answered):
      change(name) {
        $0.inFlight = max(0, $0.inFlight - 1)
        $0.add(answered)
        $0.count(answered.rows, at: time)
      }
    case .failed(let name, _, _, let rows):
      change(name) {
        $0.inFlight = max(0, $0.inFlight - 1)
        $0.failed += rows
        $0.done += rows
        $0.count(rows, at: time)
      }
    case .finished(let name, let books):
      change(name) {
        $0.isFinished = true
        $0.inFlight = 0
        $0.done = books.emitted + books.dropped + books.failed
        ($0.dropped, $0.failed, $0.out) = (books.dropped, books.failed, books.rows)
      }
    case .skipped(let name): change(name) { ($0.isFinished, $0.isSkipped) = (true, true) }
    case .stopping, .leavingRedo, .foundDead, .noted: break
    }
  }

  /// Rows that a stage has been given so far; nil for a reader, which is given none.
  func total(of stage: Stage) -> Int? {
    guard !stage.from.isEmpty else { return nil }
    return stage.from.reduce(0) { $0 + (self[$1]?.out ?? 0) }
  }

  /// Whether a stage is given no more rows.
  func isWhole(_ stage: Stage) -> Bool { stage.from.allSatisfy { self[$0]?.isFinished ?? true } }

  /// Rows a second over the last ``window``; nil while there is nothing to tell.
  func rate(of stage: Stage, at time: Double) -> Double? {
    let recent = stage.pace.filter { time - $0.time <= Self.window }
    guard let first = recent.first, time - first.time >= 1 else { return nil }
    return Double(recent.reduce(0) { $0 + $1.performed }) / (time - first.time)
  }

  /// Seconds until a stage has answered what it has been given; nil while more may come or nothing moves.
  func secondsLeft(of stage: Stage, at time: Double) -> Double? {
    guard !stage.isFinished, isWhole(stage), let total = total(of: stage),
      let rate = rate(of: stage, at: time), rate > 0
    else { return nil }
    return Double(max(0, total - stage.done)) / rate
  }

  private mutating func change(_ name: String, _ body: (inout Stage) -> Void) {
    guard let index = stages.firstIndex(where: { $0.name == name }) else { return }
    body(&stages[index])
  }
}

extension RunBoard.Stage {
  fileprivate mutating func add(_ answered: AnsweredRows) {
    done += answered.rows
    dropped += answered.dropped
    out += answered.out
  }

  fileprivate mutating func count(_ rows: Int, at time: Double) {
    pace.removeAll { time - $0.time > RunBoard.window }
    if let last = pace.indices.last, time - pace[last].time < 1 {
      pace[last].performed += rows
    } else {
      pace.append(RunBoard.Pace(time: time, performed: rows))
    }
  }
}
