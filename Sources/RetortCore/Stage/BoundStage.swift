internal import OrderedCollections

/// A stage with its types erased: rows in, rows out. The one place where typed views meet JSON.
package struct BoundStage: Sendable {
  package enum Shape: Sendable {
    case row(@Sendable (Row) async throws -> Outcome<Columns>)
    /// A reader's set has no rows.
    case set(@Sendable (RowSet<Columns>, @escaping SetAnswer.Accept) async throws -> Void)
  }

  package let kind: String
  package let version: Int
  package let reads: [ColumnUse]
  package let adds: [String]?
  package let sets: [SetRole]
  /// The files that an export may write, or that an earlier run of it may have written.
  package let writes: [ExportTarget]
  package let shape: Shape

  private init<S: StageKind>(
    _ stage: S, reads: [ColumnUse] = [], writes: [ExportTarget] = [], _ shape: Shape
  ) {
    kind = S.name
    version = S.version
    self.reads = reads
    adds = stage.adds
    sets = stage.sets
    self.writes = writes
    self.shape = shape
  }

  package init<S: Reader>(_ stage: S) {
    self.init(stage, .set { _, accept in try await stage.read(into: ReaderSink(accept: accept)) })
  }

  package init<S: RowStage>(_ stage: S) {
    self.init(
      stage, reads: stage.reads,
      .row { row in
        try await stage.process(try row.view(as: S.Input.self)).map {
          Columns(try JSON(encoding: $0).object ?? [:])
        }
      })
  }

  package init<S: SetStage>(_ stage: S) {
    self.init(
      stage, reads: stage.reads,
      .set { rows, accept in
        try await stage.process(rows.read(as: S.Input.self), into: S.Sink(accept: accept))
      })
  }

  package init<S: Exporter>(_ stage: S) {
    self.init(
      stage, reads: stage.reads, writes: stage.writes,
      .set { rows, accept in
        let sink = ExportSink(accept: accept)
        let files = try await stage.export(rows.read(as: S.Input.self), dropping: sink)
        let dropped = sink.dropped
        let written = (0..<rows.count).filter { !dropped.contains($0) }
        for file in files {
          try await accept(.make(try JSON(encoding: file).object ?? [:], members: written))
        }
      })
  }
}
