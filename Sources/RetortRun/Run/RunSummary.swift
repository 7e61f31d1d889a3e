package import RetortCore
package import RetortStore

/// How a run ended. All but `complete` can be resumed.
package enum RunStatus: String, Codable, Hashable, Sendable, CaseIterable {
  /// Every row is accounted for and none failed.
  case complete
  /// Rows failed, were lost to failures turned into drops, or wait for failed ones.
  case incomplete
  /// A budget stopped it.
  case budget
  /// An endpoint kept refusing.
  case parked
  case interrupted

  init(_ reason: Halt.Reason) {
    self =
      switch reason {
      case .budget: .budget
      case .parked: .parked
      case .interrupted: .interrupted
      }
  }

  /// The exit status of `retort run`.
  package var exitCode: Int32 {
    switch self {
    case .complete: 0
    case .incomplete: 3
    case .budget: 4
    case .parked: 5
    case .interrupted: 130
    }
  }
}

/// What a run says about itself at its end; `--json` prints it.
package struct RunSummary: Codable, Hashable, Sendable {
  package typealias Calls = RunCalls

  package struct Export: Codable, Hashable, Sendable {
    package var stage: String
    package var path: String
    package var rows: Int
    package var sha256: String
    package var complete: Bool

    package init(stage: String, path: String, rows: Int, sha256: String, complete: Bool) {
      self.stage = stage
      self.path = path
      self.rows = rows
      self.sha256 = sha256
      self.complete = complete
    }
  }

  package var run: Int64
  package var pipeline: String
  package var status: RunStatus
  /// In file order.
  package var stages: OrderedBooks
  package var calls: Calls
  package var seconds: Double
  package var exports: [Export]
  /// Rows that an endpoint refused for good, whenever it did.
  package var refused: Int
  /// Of those, the rows that were not asked for again in this run.
  package var passedOver: Int
  /// Files of earlier exports that somebody had changed: where they are kept.
  package var kept: [KeptFile]

  package init(
    run: Int64, pipeline: String, status: RunStatus, stages: OrderedBooks, calls: Calls, seconds: Double,
    exports: [Export], refused: Int = 0, passedOver: Int = 0, kept: [KeptFile] = []
  ) {
    self.run = run
    self.pipeline = pipeline
    self.status = status
    self.stages = stages
    self.calls = calls
    self.seconds = seconds
    self.exports = exports
    self.refused = refused
    self.passedOver = passedOver
    self.kept = kept
  }

  enum CodingKeys: String, CodingKey {
    case run, pipeline, status, stages, calls, seconds, exports, refused, kept
    case passedOver = "passed_over"
  }
}

/// What a run tells while it goes.
package enum RunEvent: Hashable, Sendable {
  package typealias Answered = AnsweredRows

  case started(run: Int64)
  /// A step is being performed.
  case began(stage: String)
  /// Rows answered from the store, without work.
  case reused(stage: String, Answered)
  /// One step was performed; it answered its row, and the rows equal to it.
  case performed(stage: String, Answered)
  case failed(stage: String, kind: String, message: String)
  case finished(stage: String, Books)
  /// The run goes by the answers from before a redo that has not finished.
  case leavingRedo(UnfinishedRedo)
  /// No new calls are started; what is in flight is waited for.
  case stopping(RunStatus, message: String)
}

package struct RunOptions: Sendable {
  /// Take the first rows of each source that feeds a `from:`.
  package var limit: Int?
  /// Run this stage and its missing ancestors.
  package var only: String?
  /// Stages whose steps and replies are made afresh, or go on to be where that was begun.
  package var redo: Set<String>
  /// Ask again for what an endpoint refused for good.
  package var retryRefused: Bool
  /// The first run of those that this one goes on with.
  package var origin: Int64?
  /// The flags as they are recorded with the run, for `retort resume`.
  package var flags: JSON

  package init(
    limit: Int? = nil, only: String? = nil, redo: Set<String> = [], retryRefused: Bool = false,
    origin: Int64? = nil, flags: JSON = [:]
  ) {
    self.limit = limit
    self.only = only
    self.redo = redo
    self.retryRefused = retryRefused
    self.origin = origin
    self.flags = flags
  }

  /// What is asked of a stage, when these have been begun by the runs that this one goes on with: such a redo has
  /// finished or is gone on with, but is not asked for again.
  func redo(of stage: String, begunBefore: Set<String>) -> Redo {
    guard redo.contains(stage) else { return .none }
    return begunBefore.contains(stage) ? .goOn : .begin
  }

  package var exportSuffix: String { limit == nil ? "" : ".limited" }
}

/// Why a pipeline could not run at all.
package struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
