internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

extension Store {
  /// Reads what a report of a run shows. `catalog` says of its stages' kinds what is worth showing.
  ///
  /// Errors: ``RunError`` when there is no such run.
  package func report(_ run: Int64, catalog: Catalog) async throws -> RunReport {
    guard let recorded = try await recordedRun(run) else {
      throw RunError("expected a run, found none numbered \(run)")
    }
    let drops = try await drops(of: run)
    return try await read { db in
      let reader = try ReportReader(run, resolved: recorded.resolved, catalog: catalog, db)
      let begun = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT pipeline, datetime(started, 'unixepoch'), finished - started,
            (SELECT count(*) FROM failed_call WHERE run = r.id) FROM run r WHERE id = ?
          """, arguments: [run])
      let (calls, arrivals) = try reader.calls(db)
      return RunReport(
        run: run, pipeline: try begun.maybe(0) ?? "", file: URL(filePath: recorded.file).lastPathComponent,
        status: recorded.status, started: try begun.maybe(1) ?? "", seconds: try begun.maybe(2),
        flags: recorded.flags.mapStrings(KeyShape.hidden(setting:)),
        resolved: recorded.resolved, stages: try reader.described(db), drops: drops,
        rewards: try reader.rewards(db), heads: try reader.heads(db), calls: calls,
        failedCalls: try begun.maybe(3) ?? 0, arrivals: arrivals,
        kept: try reader.kept(db), dropped: try reader.dropped(drops, db), exports: try reader.exports(db))
    }
  }
}

/// Reads the parts of a report.
private struct ReportReader {
  private struct Stage {
    let ordinal: Int
    let name: String
    let kind: String
    let version: Int
    let from: [String]
    let using: [String]
    let columns: [String]?
    let fingerprint: String?
    /// What is known of its kind; nil for one of another program.
    let entry: StageEntry?
    /// Added column to the name it was written under.
    let renames: [String: String]
    var exports: Bool { entry?.exports ?? false }
  }

  private let run: Int64
  private let stages: [Stage]

  init(_ run: Int64, resolved: JSON?, catalog: Catalog, _ db: Database) throws {
    self.run = run
    stages = try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT s.stage, s.name, s.kind, s.version, s."from", s."using", s.columns, f.digest
        FROM run_stage s LEFT JOIN fingerprint f ON f.id = s.fingerprint WHERE s.run = ? ORDER BY s.stage
        """, arguments: [run]
    ).map { row in
      let using = try row.json(5).object?.values.compactMap(\.string) ?? []
      let (name, kind): (String, String) = (try row.at(1), try row.at(2))
      let renames = resolved?["stages"]?[name]?["as"]?.object ?? [:]
      return Stage(
        ordinal: try row.at(0), name: name, kind: kind, version: try row.at(3),
        from: try Store.names(try row.at(4)), using: using,
        columns: try (row.at(6) as String?).map(Store.names),
        // The first byte is the scheme.
        fingerprint: (try row.at(7) as Data?).map { String($0.hex.dropFirst(2).prefix(12)) },
        entry: catalog[kind],
        renames: Dictionary(
          uniqueKeysWithValues: renames.compactMap { key, to in to.string.map { (key, $0) } }))
    }
  }

  func described(_ db: Database) throws -> [RunReport.Stage] {
    let books = try Store.books(of: run, db)
    return stages.map { stage in
      RunReport.Stage(
        name: stage.name, kind: stage.kind, version: stage.version, fingerprint: stage.fingerprint,
        from: stage.from, using: stage.using, books: books[stage.name] ?? Books())
    }
  }

  // MARK: Rewards

  /// The stages whose rows are the product: what exports take, or what nobody takes.
  private var ends: [Stage] {
    let exported = Set(stages.filter(\.exports).flatMap(\.from))
    if !exported.isEmpty { return stages.filter { exported.contains($0.name) } }
    let taken = Set(stages.flatMap { $0.from + $0.using })
    return stages.filter { !taken.contains($0.name) }
  }

  /// Numbers that stages added and that their kinds say are worth a plot; four columns of a stage at most.
  func rewards(_ db: Database) throws -> [RunReport.Rewards] {
    var found: [RunReport.Rewards] = []
    for stage in stages where !stage.exports {
      let upstream = stages.filter { stage.from.contains($0.name) }
      guard let columns = stage.columns, upstream.allSatisfy({ $0.columns != nil }) else { continue }
      let known = Set(upstream.flatMap { $0.columns ?? [] })
      var numbers: [RunReport.Rewards.Column] = []
      let plots = stage.entry?.plots ?? .speakingOfRewards
      for plot in plots.of(columns.filter { !known.contains($0) }, renames: stage.renames) {
        let values = try self.numbers(plot.name, of: stage, db)
        if values.contains(where: { $0 != nil }) { numbers.append(.init(plot, values: values)) }
        if numbers.count == 4 { break }
      }
      guard let first = numbers.first else { continue }
      let text = SharedColumns.judged.first(where: columns.contains)
      var rewards =
        RunReport.Rewards(
          stage: stage.name, unit: first.plot.unit, columns: numbers,
          kept: try kept(of: stage, db), lengths: try text.map { try lengths($0, of: stage, db) } ?? [],
          text: text ?? "")
      if columns.contains(SharedColumns.group) {
        rewards.groups = try texts(SharedColumns.group, of: stage, db)
      }
      if columns.contains(SharedColumns.length) {
        rewards.tokens = try self.numbers(SharedColumns.length, of: stage, db)
      }
      if columns.contains(SharedColumns.correct) {
        rewards.correct = try texts(SharedColumns.correct, of: stage, db).map {
          $0 == "1" ? true : $0 == "0" ? false : nil
        }
      }
      found.append(rewards)
    }
    return found
  }

  private func numbers(_ column: String, of stage: Stage, _ db: Database) throws -> [Double?] {
    try values(
      """
      CASE WHEN json_type(r.json, ?1) IN ('integer', 'real')
        AND json_extract(r.json, ?1) BETWEEN -1e100 AND 1e100 THEN json_extract(r.json, ?1) END
      """, column, of: stage, db)
  }

  private func texts(_ column: String, of stage: Stage, _ db: Database) throws -> [String?] {
    try values("CAST(json_extract(r.json, ?1) AS TEXT)", column, of: stage, db)
  }

  private func lengths(_ column: String, of stage: Stage, _ db: Database) throws -> [Double?] {
    try values(
      "CASE WHEN json_type(r.json, ?1) = 'text' THEN length(json_extract(r.json, ?1)) END", column, of: stage,
      db)
  }

  /// What SQL makes of a column, whose path is `?1`, for each row of a stage, in their order.
  private func values<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ sql: String, _ column: String, of stage: Stage, _ db: Database
  ) throws -> [Value?] {
    guard let path = Self.path(column) else { return [] }
    return try Value?.fetchAll(
      db,
      sql: """
        SELECT \(sql) FROM occurrence o JOIN "row" r ON r.id = o."row"
        WHERE o.run = ?2 AND o.stage = ?3 ORDER BY o.path
        """, arguments: [path, run, stage.ordinal])
  }

  func heads(_ db: Database) throws -> [RunReport.Head] {
    try stages.flatMap { stage in
      guard let columns = stage.entry?.heads else { return [RunReport.Head]() }
      return try String.fetchAll(
        db,
        sql: """
          SELECT r.json FROM occurrence o JOIN "row" r ON r.id = o."row" WHERE o.run = ? AND o.stage = ? ORDER BY o.path
          """, arguments: [run, stage.ordinal]
      ).compactMap { text in
        let row = try JSON(stored: text)
        guard let fitted = row[columns.fitted], let plain = row[columns.plain] else { return nil }
        return RunReport.Head(
          stage: stage.name, heldOut: try fitted.decode(HeadReport.self),
          bradleyTerry: try plain.decode(HeadReport.self))
      }
    }
  }

  /// No JSON path names a column with a quotation mark.
  private static func path(_ column: String) -> String? {
    column.contains("\"") ? nil : Store.path(to: column)
  }

  /// Whether each row, or what was made of it, is among the product: paths as in ``StagePlace/inScope(_:)``.
  private func kept(of stage: Stage, _ db: Database) throws -> [Bool] {
    let list = Store.list(ends.map(\.ordinal))
    return try Bool.fetchAll(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM occurrence d WHERE d.run = o.run AND d.stage IN \(list)
          AND d.path >= o.path AND d.path < o.path || '/')
        FROM occurrence o WHERE o.run = ? AND o.stage = ? ORDER BY o.path
        """, arguments: [run, stage.ordinal])
  }

  // MARK: Calls

  /// What the run's rows took, by stage and model, and when each reply came.
  func calls(_ db: Database) throws -> (calls: [RunReport.Calls], arrivals: [Double]) {
    var found: OrderedDictionary<[String], RunReport.Calls> = [:]
    var times: [Int64: (run: Int64, at: Double)] = [:]
    let names = Dictionary(stages.map { ($0.ordinal, $0.name) }) { first, _ in first }
    let rows = try GRDB.Row.fetchCursor(
      db,
      sql: """
        SELECT DISTINCT t.stage, c.model, \(Store.count("c.prompt_tokens")), \(Store.count("c.completion_tokens")),
          \(Store.amount("c.usd")), \(Store.count("c.attempts")), coalesce(\(Store.amount("c.seconds")), 0), c.id,
          c.run, c.at
        FROM (SELECT DISTINCT stage, step FROM taken WHERE run = ? AND step IS NOT NULL) t
        JOIN step_call sc ON sc.step = t.step JOIN reply c ON c.id = sc.reply
        ORDER BY t.stage, c.model
        """, arguments: [run])
    while let row = try rows.next() {
      let (stage, model): (String, String) = (names[try row.at(0)] ?? "", try row.at(1))
      var calls = found[[stage, model]] ?? RunReport.Calls(stage: stage, model: model)
      calls.promptTokens = calls.promptTokens.adding(bounded: try row.at(2))
      calls.completionTokens = calls.completionTokens.adding(bounded: try row.at(3))
      calls.usd += try row.at(4) as Double? ?? 0
      calls.attempts = calls.attempts.adding(bounded: try row.at(5))
      calls.seconds.append(min(max(0, try row.at(6)), 1e9))
      found[[stage, model]] = calls
      if let run: Int64 = try row.at(8) { times[try row.at(7)] = (run, try row.at(9)) }
    }
    return (Array(found.values), try arrivals(Array(times.values), db))
  }

  private func arrivals(_ times: [(run: Int64, at: Double)], _ db: Database) throws -> [Double] {
    var arrivals: [Double] = []
    var before = 0.0
    for (run, times) in Dictionary(grouping: times, by: \.run).sorted(by: { $0.key < $1.key }) {
      let moments = times.map(\.at)
      let (first, last) = (moments.min() ?? 0, moments.max() ?? 0)
      let known = try GRDB.Row.fetchOne(
        db, sql: "SELECT started, finished FROM run WHERE id = ?", arguments: [run])
      let start = min(try known.maybe(0) as Double? ?? first, first)
      arrivals += moments.sorted().map { before + $0 - start }
      before += max(try known.maybe(1) as Double? ?? last, last) - start
    }
    return arrivals
  }

  // MARK: Samples and files

  func kept(_ db: Database) throws -> [RunReport.Sample] {
    try ends.filter { !$0.exports }.prefix(2).flatMap { stage in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT \(Store.rowID("r")), \(Store.source("o")), r.json
          FROM occurrence o JOIN "row" r ON r.id = o."row" WHERE o.run = ? AND o.stage = ? ORDER BY o.path LIMIT 3
          """, arguments: [run, stage.ordinal]
      ).map {
        RunReport.Sample(
          stage: stage.name, row: try $0.at(0), source: try $0.at(1), reason: "",
          columns: try $0.json(2).object ?? [:])
      }
    }
  }

  /// One row for each of the commonest reasons, eight at most.
  func dropped(_ drops: [DropCount], _ db: Database) throws -> [RunReport.Sample] {
    try drops.prefix(8).compactMap { drop in
      let row = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT "row", source, detail FROM (\(Store.ledger("dropped")))
          WHERE run = ? AND stage = ? AND reason = ? LIMIT 1
          """,
        arguments: [run, drop.stage, drop.reason])
      return try row.map { row in
        let detail = (try row.at(2) as String?).map { $0.isEmpty ? "" : ": \($0)" } ?? ""
        return RunReport.Sample(
          stage: drop.stage, row: try row.at(0) ?? "", source: try row.at(1) ?? "",
          reason: drop.reason + detail,
          columns: try (row.at(0) as String?).flatMap { try columns(ofRow: $0, db) } ?? [:])
      }
    }
  }

  /// Of the first row whose digest begins as the identifier says, behind the byte for the scheme.
  private func columns(ofRow id: String, _ db: Database) throws -> JSON.Object? {
    let digits = Array(Store.digits(id))
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
    let text = try String.fetchOne(
      db, sql: "SELECT json FROM \"row\" WHERE digest >= ? ORDER BY digest LIMIT 1",
      arguments: [Data([1] + bytes)])
    return try text.flatMap { try JSON(stored: $0).object }
  }

  func exports(_ db: Database) throws -> [RunReport.Export] {
    try stages.filter(\.exports).flatMap { stage in
      try String.fetchAll(
        db,
        sql: """
          SELECT r.json FROM occurrence o JOIN "row" r ON r.id = o."row" WHERE o.run = ? AND o.stage = ?
          ORDER BY o.path
          """, arguments: [run, stage.ordinal]
      ).map { text in
        let row = try JSON(stored: text)
        return RunReport.Export(
          stage: stage.name, path: row["path"]?.string ?? "", rows: Int(row["rows"]?.int ?? 0),
          sha256: row["sha256"]?.string ?? "")
      }
    }
  }
}
