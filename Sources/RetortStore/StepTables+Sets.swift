internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

extension StepTables {
  /// The digest of an ordered list of rows: what a set step's key and a `using:` input are known by.
  ///
  /// A set that lost rows to failures has another digest than the same rows complete.
  ///
  /// - Parameter digest: SQL for a row's digest, where not all rows are in the store.
  static func setDigest(
    _ place: StagePlace, complete: Bool, digest: String = "r.digest", _ db: Database
  ) throws -> (digest: Digest, count: Int) {
    var bytes: [UInt8] = complete ? [] : [0]
    var count = 0
    let rows = try GRDB.Row.fetchCursor(
      db,
      sql: """
        SELECT \(digest), o.stage FROM occurrence o LEFT JOIN "row" r ON r.id = o."row"
        WHERE o.run = ? AND o.stage IN \(SQL.list(place.from)) AND \(place.inScope("o")) ORDER BY o.path, o.stage
        """, arguments: [place.run])
    while let row = try rows.next() {
      bytes.append(contentsOf: try row.at(0) as Data)
      // The same rows from other stages are another set.
      if place.hasBranches {
        bytes.append(UInt8(truncatingIfNeeded: place.from.firstIndex(of: try row.at(1)) ?? 0))
      }
      count += 1
    }
    return (Digest(of: bytes), count)
  }

  static func set(_ place: StagePlace, passing ancestry: [Int], _ db: Database) throws -> SetInput {
    let lost = try lostRows(run: place.run, stages: ancestry, within: place, db)
    let (digest, count) = try setDigest(place, complete: !lost, db)
    return SetInput(digest: digest, count: count, complete: !lost)
  }

  static func findSet(
    _ place: StagePlace, passing ancestry: [Int], under fingerprints: [Int64], withFiles: Bool, _ db: Database
  ) throws -> SetInput {
    var input = try set(place, passing: ancestry, db)
    input.step = try doneSet(fingerprints: fingerprints, input: input.digest, db)
    if withFiles, let step = input.step { input.files = try rows(of: step, db) }
    return input
  }

  static func answerSet(_ place: StagePlace, from step: Int64, _ selection: Selection, _ db: Database) throws
    -> Int
  {
    try takeMembers(place, step: step, db)
    return try emitSet(place, step: step, selection, db)
  }

  /// The step of a set that was performed before.
  static func setStep(fingerprint: Int64, input: Digest, _ db: Database) throws -> Int64? {
    try Int64.fetchOne(
      db, sql: "SELECT id FROM step WHERE fingerprint = ? AND input = ?",
      arguments: [fingerprint, Data(input.bytes)])
  }

  /// As ``setStep(fingerprint:input:_:)``, under the first of several fingerprints that has one.
  static func setStep(fingerprints: [Int64], input: Digest, _ db: Database) throws -> Int64? {
    for fingerprint in fingerprints {
      if let step = try setStep(fingerprint: fingerprint, input: input, db) { return step }
    }
    return nil
  }

  /// As ``setStep(fingerprints:input:_:)``, but nil for a reader's step that found no record it could read: that is no
  /// step any more.
  static func doneSet(fingerprints: [Int64], input: Digest, _ db: Database) throws -> Int64? {
    guard let step = try setStep(fingerprints: fingerprints, input: input, db) else { return nil }
    let isUnread = try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM emission WHERE step = ?1) AND NOT EXISTS (SELECT 1 FROM emission
          WHERE step = ?1 AND (member IS NOT NULL OR "row" IS NOT NULL OR reason IS NULL))
        """, arguments: [step])
    return isUnread == true ? nil : step
  }

  /// Begins a set step: it has no input, so nobody can use it, until ``finishSet`` gives it one.
  static func beginSet(_ place: StagePlace, fingerprint: Int64, at time: Double, _ db: Database) throws
    -> Int64
  {
    try db.execute(
      sql: "INSERT INTO step (fingerprint, input, run, made_at) VALUES (?, NULL, ?, ?)",
      arguments: [fingerprint, place.run, time])
    let step = db.lastInsertedRowID
    try takeMembers(place, step: step, db)
    return step
  }

  /// Numbers the rows of a set and notes that `step` answers them.
  static func takeMembers(_ place: StagePlace, step: Int64, _ db: Database) throws {
    guard !place.from.isEmpty else { return }
    try db.execute(
      sql: """
        INSERT INTO taken (run, stage, occurrence, step, member, first)
        SELECT ?, ?, o.id, ?, row_number() OVER ordered - 1, first_value(o.id) OVER ordered
        FROM occurrence o WHERE o.run = ? AND o.stage IN \(SQL.list(place.from)) AND \(place.inScope("o"))
        WINDOW ordered AS (ORDER BY o.path, o.stage)
        """, arguments: [place.run, place.ordinal, step, place.run])
  }

  /// The row at a position of the set that `step` answers.
  static func member(_ ordinal: Int, of step: Int64, place: StagePlace, _ db: Database) throws -> Int64 {
    let find = try db.cachedStatement(
      sql: """
        SELECT o."row" FROM taken t JOIN occurrence o ON o.id = t.occurrence
        WHERE t.step = ? AND t.run = ? AND t.stage = ? AND t.member = ?
        """)
    guard let row = try Int64.fetchOne(find, arguments: [step, place.run, place.ordinal, ordinal]) else {
      throw StoreDamage(found: "expected row \(ordinal) of the set of step \(step), found none")
    }
    return row
  }

  /// Gives a set step its key. An older step of the same key (an export whose file is gone) makes way.
  static func finishSet(_ step: Int64, fingerprint: Int64, input: Digest, calls: [UsedCall], _ db: Database)
    throws
  {
    if let old = try setStep(fingerprint: fingerprint, input: input, db) {
      try db.execute(sql: "UPDATE taken SET step = ? WHERE step = ?", arguments: [step, old])
      try forget(step: old, db)
    }
    try db.execute(sql: "UPDATE step SET input = ? WHERE id = ?", arguments: [Data(input.bytes), step])
    try record(calls: calls, step: step, db)
  }

  /// Occurrences of what a set step emitted. A row made of members takes the first one's path; a row of no member
  /// (a reader's) its own number, and so does each where the stage reorders, with the path that it had behind a `~`.
  /// `selection` is of a reader's rows. Answers their number.
  @discardableResult
  static func emitSet(_ place: StagePlace, step: Int64, _ selection: Selection, _ db: Database) throws -> Int
  {
    if place.from.isEmpty { return try emitReader(place, step: step, selection, db) }
    let numbered = "'\(place.own).' || \(StagePlace.component(sql: "e.seq"))"
    let path =
      place.reorders
      ? "\(numbered) || coalesce('~' || \(SQL.origin("o")), '')"
      : "coalesce(o.path || \(branchSQL(place)) || '.' || \(StagePlace.component(sql: "e.nth")), \(numbered))"
    try db.execute(
      sql: """
        INSERT INTO occurrence (run, stage, path, "row", parent)
        SELECT run, stage, path, "row", parent FROM (
          SELECT \(place.run) AS run, \(place.ordinal) AS stage, e."row", o.id AS parent,
            \(path) AS path
          FROM (SELECT *, row_number() OVER (PARTITION BY member ORDER BY seq) - 1 AS nth,
                  -- Looked up, not joined: SQLite scans a joined subquery once for each row.
                  (SELECT m.id FROM taken t JOIN occurrence m ON m.id = t.occurrence
                   WHERE t.step = ? AND t.run = ? AND t.stage = ? AND t.member = emission.member
                   AND \(place.inScope("m"))) AS origin
                FROM emission WHERE step = ? AND "row" IS NOT NULL) e
          LEFT JOIN occurrence o ON o.id = e.origin)
        ORDER BY path
        """, arguments: [step, place.run, place.ordinal, step])
    return db.changesCount
  }

  /// As ``emitSet``, for a reader: its rows come from no other.
  private static func emitReader(_ place: StagePlace, step: Int64, _ selection: Selection, _ db: Database)
    throws -> Int
  {
    var chosen: String?
    if selection.cuts {
      let rows = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT e.seq, r.digest FROM emission e JOIN "row" r ON r.id = e."row" WHERE e.step = ? ORDER BY e.seq
          LIMIT ?
          """, arguments: [step, selection.reach ?? -1]
      ).map { (seq: try $0.at(0) as Int, digest: try $0.at(1) as Data) }
      chosen = selection.chosen(of: rows.map(\.digest)).map { chosen in
        JSON.array(chosen.map { .int(Int64(rows[$0].seq)) }).text
      }
    }
    try db.execute(
      sql: """
        INSERT INTO occurrence (run, stage, path, "row", parent)
        SELECT ?1, ?2, ?3 || \(StagePlace.component(sql: "seq")), "row", NULL FROM emission
        WHERE step = ?4 AND "row" IS NOT NULL AND (?5 IS NULL OR seq IN (SELECT value FROM json_each(?5)))
        ORDER BY seq
        """,
      arguments: [
        place.run, place.ordinal, StagePlace.component(place.ordinal) + ".", step, chosen,
      ])
    return db.changesCount
  }

  /// The groups of a set: paths of the rows of `stage`, in order.
  static func groups(run: Int64, per stage: Int, _ db: Database) throws -> [String] {
    try String.fetchAll(
      db, sql: "SELECT path FROM occurrence WHERE run = ? AND stage = ? ORDER BY path",
      arguments: [run, stage])
  }

  /// The groups of up to `limit` rows of an upstream stage beyond `cursor`, in the order of their arrival: the path of
  /// a row's ancestor is the last one of its stage that is not after the row's own.
  static func groups(
    of upstream: Int, run: Int64, after cursor: Int64, limit: Int, per stage: Int, _ db: Database
  ) throws -> (cursor: Int64, scopes: [String]) {
    let rows = try GRDB.Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT o.id, (SELECT p.path FROM occurrence p
            WHERE p.run = o.run AND p.stage = ? AND p.path <= o.path ORDER BY p.path DESC LIMIT 1)
          FROM occurrence o WHERE o.run = ? AND o.stage = ? AND o.id > ? ORDER BY o.id LIMIT ?
          """), arguments: [stage, run, upstream, cursor, limit])
    return (try rows.last.maybe(0) ?? cursor, try rows.compactMap { try $0.at(1) as String? })
  }

  /// Whether every row of a group has been answered by the stages it passes on its way to the set.
  static func isWhole(_ place: StagePlace, passing stages: [StagePlace], _ db: Database) throws -> Bool {
    for stage in stages where !stage.from.isEmpty {
      let open = try Bool.fetchOne(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM occurrence o WHERE o.run = ? AND o.stage IN \(SQL.list(stage.from))
            AND \(place.inScope("o")) AND NOT EXISTS (SELECT 1 FROM taken t LEFT JOIN step s ON s.id = t.step
              WHERE t.run = o.run AND t.stage = ? AND t.occurrence = o.id
              AND (t.step IS NULL OR s.input IS NOT NULL)))
          """, arguments: [place.run, stage.ordinal])
      if open ?? true { return false }
    }
    return true
  }

  /// The rows of a set, in order.
  static func members(_ place: StagePlace, _ db: Database) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        SELECT o.id FROM occurrence o WHERE o.run = ? AND o.stage IN \(SQL.list(place.from))
        AND \(place.inScope("o")) ORDER BY o.path, o.stage
        """, arguments: [place.run])
  }

  static func record(_ emission: SetEmission, of step: Int64, seq: Int, _ db: Database) throws {
    let row: Int64? =
      switch emission.content {
      case .none: nil
      case .stored(let row): row
      case .row(let row): try insert(row, db)
      }
    try Self.emission(
      step: step, seq: seq, member: emission.member, row: row, reason: emission.reason,
      detail: emission.detail,
      members: spans(of: emission.members), db)
  }

  /// The members of a row made from several, as first and last positions: `[[0,2],[5,5]]`.
  private static func spans(of members: [Int]) -> String? {
    guard members.count > 1 else { return nil }
    var spans: [ClosedRange<Int>] = []
    for member in members.sorted() {
      if let last = spans.last, member <= last.upperBound + 1 {
        spans[spans.count - 1] = last.lowerBound...max(last.upperBound, member)
      } else {
        spans.append(member...member)
      }
    }
    return JSON.array(spans.map { [.int(Int64($0.lowerBound)), .int(Int64($0.upperBound))] }).text
  }

  private static func branchSQL(_ place: StagePlace) -> String {
    guard place.hasBranches else { return "''" }
    let cases = place.from.map { "WHEN \($0) THEN '\(place.branch($0))'" }.joined(separator: " ")
    return "CASE o.stage \(cases) END"
  }
}
