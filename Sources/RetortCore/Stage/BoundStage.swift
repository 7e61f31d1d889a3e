internal import OrderedCollections

/// A stage with its types erased: rows in, rows out. The one place where typed views meet JSON.
package struct BoundStage: Sendable {
  package enum Shape: Sendable {
    case row(@Sendable (Row) async throws -> Outcome<Columns>)
    case set(@Sendable (RowSet<Columns>, SetSink<Columns>) async throws -> Void)
  }

  package let kind: String
  package let version: Int
  /// The resolved configuration as it enters the key.
  package let config: JSON
  package let reads: [ColumnUse]
  package let adds: [String]?
  package let exports: Bool
  package let writes: [ExportTarget]
  package let shape: Shape

  package init<S: Stage>(_ stage: S, config: S.Config) throws {
    kind = S.name
    version = S.version
    self.config = try JSON(encoding: config)
    reads = stage.reads
    adds = stage.adds
    exports = S.exports
    writes = stage.writes
    shape = .row { row in
      try await stage.process(try row.view(as: S.Input.self)).map {
        Columns(try JSON(encoding: $0).object ?? [:])
      }
    }
  }

  package init<S: SetStage>(_ stage: S, config: S.Config) throws {
    kind = S.name
    version = S.version
    self.config = try JSON(encoding: config)
    reads = stage.reads
    adds = stage.adds
    exports = S.exports
    writes = stage.writes
    shape = .set { rows, sink in
      try await stage.process(
        RowSet<S.Input>(count: rows.count, isComplete: rows.isComplete, page: rows.page),
        into: SetSink<S.Output>(accept: sink.accept))
    }
  }
}
