package import RetortStore

/// What a run tells while it goes.
package enum RunEvent: Hashable, Sendable {
  case started(run: Int64)
  /// A step is being performed.
  case began(stage: String)
  /// Rows answered from the store, without work.
  case reused(stage: String, AnsweredRows)
  /// One step was performed; it answered its row, and the rows equal to it.
  case performed(stage: String, AnsweredRows)
  /// What a stage says of its rows that is no failure.
  case noted(stage: String, String)
  /// `rows` failed together: those of a group, or one.
  case failed(stage: String, kind: String, message: String, rows: Int = 1)
  case finished(stage: String, Books)
  /// Its round is not played.
  case skipped(stage: String)
  /// An earlier run whose process ended before it did: killed, or with the machine.
  case foundDead(run: Int64, pipeline: String)
  /// The run goes by the answers from before a redo that has not finished.
  case leavingRedo(UnfinishedRedo)
  /// No new calls are started; what is in flight is waited for.
  case stopping(RunStatus, message: String)
}
