package import RetortCore
package import RetortStore

/// What a run says about itself at its end; `--json` prints it.
package struct RunSummary: Codable, Hashable, Sendable {
  package struct Export: Codable, Hashable, Sendable {
    package var stage: String
    package var path: String
    package var rows: Int
    package var sha256: String
    package var complete: Bool
    /// Whether it stands as an earlier run wrote it; nil where this one did.
    package var unchanged: Bool?

    package init(
      stage: String, path: String, rows: Int, sha256: String, complete: Bool, unchanged: Bool? = nil
    ) {
      self.stage = stage
      self.path = path
      self.rows = rows
      self.sha256 = sha256
      self.complete = complete
      self.unchanged = unchanged
    }
  }

  package var run: Int64
  package var pipeline: String
  package var status: RunStatus
  /// In file order.
  package var stages: OrderedBooks
  package var calls: CallTally
  package var seconds: Double
  package var exports: [Export]
  /// Rows that an endpoint refused for good, whenever it did.
  package var refused: Int
  /// Of those, the rows that were not asked for again in this run.
  package var passedOver: Int
  /// Files of earlier exports that somebody had changed: where they are kept.
  package var kept: [KeptFile]
  /// Whether all that failed waits for a change of the pipeline file.
  package var waitsForEdit = false
  /// Why it stopped before its end: the halt's own words; nil where it came to its end or was interrupted.
  package var stopped: String?
  /// Stages whose rounds were not played.
  package var skipped: [String] = []

  package init(
    run: Int64, pipeline: String, status: RunStatus, stages: OrderedBooks, calls: CallTally, seconds: Double,
    exports: [Export], refused: Int = 0, passedOver: Int = 0, kept: [KeptFile] = [],
    waitsForEdit: Bool = false, stopped: String? = nil, skipped: [String] = []
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
    self.waitsForEdit = waitsForEdit
    self.stopped = stopped
    self.skipped = skipped
  }

  enum CodingKeys: String, CodingKey {
    case run, pipeline, status, stages, calls, seconds, exports, refused, kept, stopped
    case passedOver = "passed_over"
  }
}
