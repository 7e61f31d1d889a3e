internal import GRDB
internal import OrderedCollections
internal import RetortCore

extension Inspector {
  /// Compares two runs: what they read, the counts of each stage, and the rows. A row's place is its source's name
  /// and what followed from there, so that a stage added to the file does not move the others.
  ///
  /// - Parameter examples: how many rows are shown for each stage.
  /// Errors: ``NotFound`` when there is no such run.
  package func diff(_ old: Int64, _ new: Int64, examples: Int = 5) async throws -> RunDiff {
    guard let before = try await recordedRun(old) else {
      throw NotFound("expected a run, found none numbered \(old)")
    }
    guard let after = try await recordedRun(new) else {
      throw NotFound("expected a run, found none numbered \(new)")
    }
    return try await read { db in
      let sides = try [before, after].map {
        RunDiff.Side(run: $0.id, status: $0.status, calls: try StepTables.calls(of: $0.id, db))
      }
      let books = try (StepTables.books(of: old, db), StepTables.books(of: new, db))
      var names = OrderedSet(books.1.list.map(\.stage))
      names.formUnion(books.0.list.map(\.stage))
      let stages = try names.map { name in
        var stage = RunDiff.Stage(stage: name, old: books.0[name], new: books.1[name])
        try Self.compareRows(of: &stage, old, new, examples: examples, db)
        return stage
      }
      let changed = Difference.between(before.resolved ?? [:], after.resolved ?? [:])
      return RunDiff(
        old: sides[0], new: sides[1], changed: changed,
        redone: Self.redone(by: changed, in: after.resolved ?? [:], books), stages: stages)
    }
  }

  /// What each changed stage, and those that take rows of it, did again: answered in both runs, and in the new one
  /// without an earlier step.
  private static func redone(
    by changed: [Difference], in resolved: JSON, _ books: (old: OrderedBooks, new: OrderedBooks)
  ) -> [RunDiff.Redone] {
    let paths = changed.map { $0.path.split(separator: ".", maxSplits: 2).map(String.init) }
    // Those that both runs have: a stage that is new redid nothing.
    let names = Set(paths.compactMap { $0.count > 2 && $0[0] == "stages" ? $0[1] : nil })
    return books.new.list.map(\.stage).filter(names.contains).compactMap { name in
      let stages = books.new.list.compactMap { entry -> RunDiff.Redone.Stage? in
        let again = min(books.old[entry.stage]?.answered ?? 0, entry.books.answered) - entry.books.reused
        guard again > 0, Why.ancestry(of: entry.stage, in: resolved).contains(name) else { return nil }
        return .init(stage: entry.stage, rows: again, of: entry.books.answered)
      }
      return stages.isEmpty ? nil : RunDiff.Redone(by: name, stages: stages)
    }
  }

  private static func compareRows(
    of stage: inout RunDiff.Stage, _ old: Int64, _ new: Int64, examples: Int, _ db: Database
  ) throws {
    // Both lists come in the order of their places and are walked side by side, one row of each in memory.
    let (left, right) = try (places(of: stage.stage, run: old, db), places(of: stage.stage, run: new, db))
    var (before, after) = try (left.next(), right.next())
    while before != nil || after != nil {
      let place = (try before.maybe(0) as String?, try after.maybe(0) as String?)
      if let old = place.0, let new = place.1, old == new {
        if try (before.maybe(2) as Int64?) != after.maybe(2) {
          stage.other += 1
          try note(before, after, in: &stage, at: examples, db)
        }
        (before, after) = try (left.next(), right.next())
      } else if let old = place.0, place.1.map({ old < $0 }) ?? true {
        stage.onlyOld += 1
        try note(before, nil, in: &stage, at: examples, db)
        before = try left.next()
      } else {
        stage.onlyNew += 1
        try note(nil, after, in: &stage, at: examples, db)
        after = try right.next()
      }
    }
  }

  /// The rows of a stage: place, source, row.
  private static func places(of stage: String, run: Int64, _ db: Database) throws -> RowCursor {
    try GRDB.Row.fetchCursor(
      db,
      sql: """
        SELECT coalesce((SELECT name FROM run_stage WHERE run = o.run AND stage = CAST(substr(\(SQL.origin("o")), 2) AS INTEGER))
          || substr(\(SQL.origin("o")), instr(\(SQL.origin("o")), '.')), '') AS place, \(SQL.source("o")), o."row"
        FROM occurrence o JOIN run_stage s USING (run, stage) WHERE o.run = ? AND s.name = ? ORDER BY place
        """, arguments: [run, stage])
  }

  private static func note(
    _ before: GRDB.Row?, _ after: GRDB.Row?, in stage: inout RunDiff.Stage, at most: Int, _ db: Database
  ) throws {
    guard stage.examples.count < most, let source: String = try (before ?? after).maybe(1) else { return }
    let rows = try [before, after].map { found in try found.map { try StepTables.row(try $0.at(2), db) } }
    let fields = rows.map { $0?.columns ?? [:] }
    let columns =
      rows[0] == nil || rows[1] == nil
      ? [] : Difference.between(.object(fields[0]), .object(fields[1])).map(\.path)
    let ids = rows.map { $0.map { RowID.text(Digest(of: $0.json)) } }
    stage.examples.append(.init(source: source, old: ids[0], new: ids[1], columns: columns))
  }
}
