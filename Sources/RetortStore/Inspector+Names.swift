internal import Foundation
internal import GRDB
package import RetortCore

/// A content, with where it is in a run and how it ended there.
package struct FoundRow: Hashable, Sendable {
  /// `r_…`
  package var id: String
  package var columns: JSON.Object
  /// The run that was looked at; nil for a content that no run has any more.
  package var run: Int64?
  /// Some of its occurrences there, in order.
  package var places: [Kin.Occurrence]
  /// Where it was dropped or failed, of those.
  package var ends: [Kin.Fate]
}

/// A pipeline's newest run that has a stage.
package struct StageRun: Hashable, Sendable {
  package var run: Int64
  package var pipeline: String

  package init(run: Int64, pipeline: String) {
    self.run = run
    self.pipeline = pipeline
  }
}

/// What names lead to. Where no run is named it is the newest that has what the name says.
extension Inspector {
  /// The newest run, of each pipeline, that has a stage of that name, in a round or outside; the newest first.
  package func runs(withStage name: String) async throws -> [StageRun] {
    try await read { db in
      let rounds = try String.fetchAll(
        db, sql: "SELECT DISTINCT name FROM run_stage WHERE instr(name, '[') > 0")
      let names = [name] + rounds.filter { RoundName($0)?.answers(to: name) ?? false }
      return try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT max(r.id), r.pipeline FROM run_stage s JOIN run r ON r.id = s.run
          WHERE s.name IN (SELECT value FROM json_each(?)) GROUP BY r.pipeline ORDER BY 1 DESC
          """, arguments: [JSON.array(names.map { .string($0) }).text]
      ).map { StageRun(run: try $0.at(0), pipeline: try $0.at(1)) }
    }
  }

  /// The stages of a run that a name means, in file order: one, or one for each round.
  package func stages(named name: String, run: Int64) async throws -> [String] {
    let names = try await stageNames(of: run).map(\.name)
    if names.contains(name) { return [name] }
    return names.filter { RoundName($0)?.answers(to: name) ?? false }
  }

  /// The stages of a run by name, in file order, with whether each is a reader.
  package func stageNames(of run: Int64) async throws -> [(name: String, isReader: Bool)] {
    try await read { db in
      try GRDB.Row.fetchAll(
        db, sql: "SELECT name, \"from\" = '[]' FROM run_stage WHERE run = ? ORDER BY stage", arguments: [run]
      ).map { (name: try $0.at(0), isReader: try $0.at(1)) }
    }
  }

  /// The names of all stages that any run has.
  package func allStageNames() async throws -> [String] {
    try await read {
      try String.fetchAll($0, sql: "SELECT DISTINCT name FROM run_stage ORDER BY run DESC, stage")
    }
  }

  /// The newest run that has a row; nil where none has.
  package func newestRun(with row: RowName) async throws -> Int64? {
    try await read { try Self.newestRun(with: row, $0) }
  }

  /// Whether a run has a row, or lost the record that it would have been.
  package func has(_ row: RowName, run: Int64) async throws -> Bool {
    try await read { db in
      if try !Self.occurrences(row, run: run, limit: 1, db).isEmpty { return true }
      return try Self.lostRecord(row, run: run, db) != nil
    }
  }

  /// Every content of that name, at most `limit`, with where it is in the run, or else in the newest that has it.
  package func rows(named name: RowName, run: Int64?, limit: Int) async throws -> [FoundRow] {
    try await read { db in
      switch name {
      case .content(let digits):
        let contents = try Self.contents(digits, limit: limit, db)
        return try contents.map { try Self.found($0, run: run, db) }.filter {
          run == nil || !$0.places.isEmpty
        }
      case .record:
        guard let run = try run ?? Self.newestRun(with: name, db) else { return [] }
        let contents = try Self.occurrences(name, run: run, limit: 1, db).map {
          try Int64.fetchOne(db, sql: "SELECT \"row\" FROM occurrence WHERE id = ?", arguments: [$0]) ?? 0
        }
        return try contents.map { try Self.found($0, run: run, db) }
      }
    }
  }

  /// Why a record of a run became no row; nil where it did, or where there is none.
  package func lostRecord(_ name: RowName, run: Int64) async throws -> (reason: String, detail: String)? {
    try await read { try Self.lostRecord(name, run: run, $0) }
  }

  /// The row whose identifier has the longest beginning in common with these digits, of four at least; nil where none
  /// has.
  package func nearestRow(to digits: String) async throws -> String? {
    try await read { db in
      for count in stride(from: digits.count - 1, through: 4, by: -1) {
        guard let near = try Self.contents(String(digits.prefix(count)), limit: 1, db).first else { continue }
        return try String.fetchOne(
          db, sql: "SELECT \(SQL.rowID("r")) FROM \"row\" r WHERE id = ?", arguments: [near])
      }
      return nil
    }
  }

  /// How many records a reader of a run had.
  package func records(of reader: String, run: Int64) async throws -> Int {
    try await read { try StepTables.books(of: run, $0)[reader]?.in ?? 0 }
  }
}

extension Inspector {
  private static func found(_ content: Int64, run: Int64?, _ db: Database) throws -> FoundRow {
    let row = try StepTables.row(content, db)
    let newest = try run ?? newestRun(withContent: "= \(content)", [], db)
    let places: [Kin.Occurrence] =
      try newest.map { run in
        try GRDB.Row.fetchAll(
          db,
          sql: """
            SELECT \(placeColumns) FROM occurrence o JOIN run_stage s USING (run, stage) JOIN "row" r ON r.id = o."row"
            WHERE o.run = ? AND +o."row" = ? ORDER BY o.stage, o.path LIMIT 20
            """, arguments: [run, content]
        ).map(place)
      } ?? []
    let ends = try places.flatMap { place in
      try fates(of: place.occurrence, from: place.stage, run: newest ?? 0, db)
    }.filter { ["dropped", "failed"].contains($0.outcome) }
    return FoundRow(
      id: RowID.text(Digest(of: row.json)), columns: row.columns, run: places.isEmpty ? nil : newest,
      places: places, ends: ends)
  }

  /// Contents by the first digits of their digests, in the order in which they came.
  static func contents(_ digits: String, limit: Int, _ db: Database) throws -> [Int64] {
    guard let range = digestRange(digits) else { return [] }
    return try Int64.fetchAll(
      db, sql: "SELECT id FROM \"row\" WHERE digest >= ? AND digest <= ? ORDER BY id LIMIT ?",
      arguments: [range.low, range.high, limit])
  }

  /// The digest's first byte is the scheme; the index on digests is in the order of their bytes. Nil for what is no
  /// digits.
  static func digestRange(_ digits: String) -> (low: Data, high: Data)? {
    guard !digits.isEmpty, digits.count <= 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
      return nil
    }
    func bytes(_ fill: String) -> Data {
      let text = Array("01" + digits + (digits.count % 2 == 0 ? "" : fill))
      let head = stride(from: 0, to: text.count, by: 2).compactMap {
        UInt8(String(text[$0...($0 + 1)]), radix: 16)
      }
      return Data(head + (fill == "f" ? Array(repeating: 255, count: 33) : []))
    }
    return (bytes("0"), bytes("f"))
  }

  private static func newestRun(with row: RowName, _ db: Database) throws -> Int64? {
    switch row {
    case .content(let digits):
      guard let range = digestRange(digits) else { return nil }
      return try newestRun(
        withContent: "IN (SELECT id FROM \"row\" WHERE digest >= ? AND digest <= ?)",
        [range.low, range.high],
        db)
    case .record(let stage, _):
      let runs = try Int64.fetchAll(
        db, sql: "SELECT run FROM run_stage WHERE name = ? AND \"from\" = '[]' ORDER BY run DESC",
        arguments: [stage])
      return try runs.first {
        try !occurrences(row, run: $0, limit: 1, db).isEmpty || lostRecord(row, run: $0, db) != nil
      }
    }
  }

  /// Looks from the newest run on: a plain maximum would read the occurrences of all.
  private static func newestRun(
    withContent condition: String, _ arguments: StatementArguments, _ db: Database
  ) throws -> Int64? {
    try Int64.fetchOne(
      db,
      sql: """
        SELECT run FROM occurrence INDEXED BY occurrence_arrival WHERE +"row" \(condition)
        ORDER BY run DESC LIMIT 1
        """, arguments: arguments)
  }

  /// Occurrences of a row in a run.
  static func occurrences(_ row: RowName, run: Int64, limit: Int, _ db: Database) throws -> [Int64] {
    switch row {
    case .content(let digits):
      guard let range = digestRange(digits) else { return [] }
      return try Int64.fetchAll(
        db,
        sql: """
          SELECT id FROM occurrence WHERE run = ? AND +"row" IN
            (SELECT id FROM "row" WHERE digest >= ? AND digest <= ?) LIMIT ?
          """, arguments: [run, range.low, range.high, limit])
    case .record(let stage, let number):
      guard let reader = try reader(stage, run: run, db) else { return [] }
      return try Int64.fetchAll(
        db, sql: "SELECT id FROM occurrence WHERE run = ? AND stage = ? AND path = ?",
        arguments: [
          run, reader.ordinal, StagePlace.component(reader.ordinal) + "." + StagePlace.component(number),
        ])
    }
  }

  private static func reader(_ name: String, run: Int64, _ db: Database) throws -> (
    ordinal: Int, fingerprint: Int64?
  )? {
    try GRDB.Row.fetchOne(
      db, sql: "SELECT stage, fingerprint FROM run_stage WHERE run = ? AND name = ? AND \"from\" = '[]'",
      arguments: [run, name]
    ).map { (ordinal: try $0.at(0), fingerprint: try $0.at(1)) }
  }

  static func lostRecord(_ name: RowName, run: Int64, _ db: Database) throws -> (
    reason: String, detail: String
  )? {
    guard case .record(let stage, let number) = name, let reader = try reader(stage, run: run, db) else {
      return nil
    }
    return try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT e.reason, e.detail FROM step p JOIN emission e ON e.step = p.id
        WHERE p.fingerprint = ? AND e.seq = ? AND e.reason IS NOT NULL
        """, arguments: [reader.fingerprint, number]
    ).map { (reason: try $0.at(0), detail: try $0.at(1) ?? "") }
  }
}
