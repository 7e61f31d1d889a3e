internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

/// Rows that a plan made itself: what readers read, and what stages make of it that ask nobody. Those that the store has
/// already are the store's; the others have numbers below 0, and lie beside it.
extension Sketch {
  /// A row, the occurrence that it was made from, and its number among those that were.
  package struct Made: Sendable {
    package let parent: Int64?
    package let nth: Int
    package let row: PackedRow

    package init(parent: Int64? = nil, nth: Int, row: PackedRow) {
      self.parent = parent
      self.nth = nth
      self.row = row
    }
  }

  /// A row of a set.
  package struct Member: Sendable {
    package let occurrence: Int64
    /// The place of its stage in the file.
    package let stage: Int
    package let digest: Digest
    package let row: RetortCore.Row
  }

  static let fresh =
    "CREATE TEMP TABLE fresh__row (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, json TEXT NOT NULL)"

  /// SQL for the digest of the row of an occurrence `o`, with a LEFT JOIN of `r`.
  static let anyDigest = "coalesce(r.digest, (SELECT f.digest FROM fresh__row f WHERE f.id = o.\"row\"))"

  /// Notes rows that a stage would make, as its own.
  package func note(_ rows: [Made], of place: StagePlace) async throws {
    try await moment.look { db in
      for made in rows {
        var path = place.own
        if let parent = made.parent, !place.reorders {
          let origin = try GRDB.Row.fetchOne(
            db.cachedStatement(sql: "SELECT path, stage FROM occurrence WHERE id = ?"), arguments: [parent])
          path = try (origin.maybe(0) ?? "") + place.branch(origin.maybe(1) ?? 0)
        }
        try db.cachedStatement(
          sql: "INSERT INTO occurrence (run, stage, path, \"row\", parent) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [
          place.run, place.ordinal, "\(path).\(StagePlace.component(made.nth))",
          try Self.number(of: made.row, db),
          made.parent,
        ])
      }
    }
  }

  /// The rows `offset ..< offset + limit` of a place, in order.
  package func members(_ place: StagePlace, from offset: Int, limit: Int) async throws -> [Member] {
    try await moment.look { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT o.id, o.stage, \(Self.anyDigest), coalesce(r.json, (SELECT f.json FROM fresh__row f WHERE f.id = o."row"))
          FROM occurrence o LEFT JOIN "row" r ON r.id = o."row"
          WHERE o.run = ? AND o.stage IN \(SQL.list(place.from)) AND \(place.inScope("o"))
          ORDER BY o.path, o.stage LIMIT ? OFFSET ?
          """, arguments: [place.run, limit, offset]
      ).map {
        Member(
          occurrence: try $0.at(0), stage: try $0.at(1), digest: Digest(stored: Array(try $0.at(2) as Data)),
          row: RetortCore.Row(try JSON(stored: try $0.at(3)).object ?? [:]))
      }
    }
  }

  /// The groups, by the paths of their rows of the stage `ancestor`, that some occurrences belong to.
  package func groups(of occurrences: [Int64], per ancestor: Int) async throws -> Set<String> {
    try await moment.look { db in
      Set(
        try String.fetchAll(
          db,
          sql: """
            SELECT scope FROM (
              SELECT (SELECT p.path FROM occurrence p WHERE p.run = o.run AND p.stage = ? AND p.path <= o.path
                ORDER BY p.path DESC LIMIT 1) AS scope
              FROM json_each(?) asked JOIN occurrence o ON o.id = asked.value)
            WHERE scope IS NOT NULL
            """, arguments: [ancestor, JSON.array(occurrences.map { .int($0) }).text]))
    }
  }

  /// Bytes of a row that comes out of a stage, on average over the first 200.
  package func rowBytes(_ place: StagePlace) async throws -> Double {
    try await moment.look { db in
      try Double.fetchOne(
        db,
        sql: """
          SELECT avg(length(json)) FROM (
            SELECT coalesce(r.json, (SELECT f.json FROM fresh__row f WHERE f.id = o."row")) AS json
            FROM occurrence o LEFT JOIN "row" r ON r.id = o."row" WHERE o.run = ? AND o.stage = ? LIMIT 200)
          """, arguments: [place.run, place.ordinal]) ?? 0
    }
  }

  /// How many rows of a stage the pipeline's newest run that answered some had answered under these fingerprints.
  package func answeredBefore(_ stage: String, of pipeline: String, under fingerprints: [Int64]) async throws
    -> Int
  {
    try await moment.look { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM (\(Self.lastAnswered)) last
          JOIN main.taken t ON t.run = last.run AND t.stage = last.stage JOIN step p ON p.id = t.step
          WHERE p.fingerprint IN (SELECT value FROM json_each(?3))
          """, arguments: [pipeline, stage, JSON.array(fingerprints.map { .int($0) }).text]) ?? 0
    }
  }

  /// Of the rows that came to a set stage in the pipeline's newest run that answered it, the share that is known to come
  /// again; 1 where none came.
  package func shareOfEarlier(_ stage: String, of pipeline: String, at place: StagePlace) async throws
    -> Double
  {
    try await moment.look { db in
      try Double.fetchOne(
        db,
        sql: """
          SELECT avg(o."row" IN (SELECT n."row" FROM occurrence n
            WHERE n.run = ?3 AND n.stage IN \(SQL.list(place.from))))
          FROM (\(Self.lastAnswered)) last
          JOIN main.taken t ON t.run = last.run AND t.stage = last.stage
          JOIN main.occurrence o ON o.id = t.occurrence
          """, arguments: [pipeline, stage, place.run]) ?? 1
    }
  }

  /// SQL for the newest run of the pipeline ?1 that answered rows of the stage named ?2.
  private static let lastAnswered = """
    SELECT s.run, s.stage FROM run_stage s JOIN run r ON r.id = s.run WHERE r.pipeline = ?1 AND s.name = ?2
    AND EXISTS (SELECT 1 FROM main.taken t WHERE t.run = s.run AND t.stage = s.stage) ORDER BY s.run DESC LIMIT 1
    """

  /// Rows of an upstream stage that only the plan knows.
  static func freshRows(of upstream: Int, after cursor: Int64, through last: Int64, _ db: Database) throws
    -> [Arrival]
  {
    try GRDB.Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT o.id, o."row", f.digest, f.json FROM occurrence o JOIN fresh__row f ON f.id = o."row"
          WHERE o.run = ? AND o.stage = ? AND o.id > ? AND o.id <= ?
          """), arguments: [Sketch.run, upstream, cursor, last]
    ).map { Arrival(id: try $0.at(0), row: try $0.at(1), digest: try $0.at(2), text: try $0.at(3)) }
  }

  private static func number(of row: PackedRow, _ db: Database) throws -> Int64 {
    for table in ["\"row\"", "fresh__row"] {
      let find = try db.cachedStatement(sql: "SELECT id FROM \(table) WHERE digest = ?")
      if let id = try Int64.fetchOne(find, arguments: [row.digest]) { return id }
    }
    let next = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT min(0, coalesce(min(id), 0)) - 1 FROM fresh__row"))
    try db.cachedStatement(sql: "INSERT INTO fresh__row (id, digest, json) VALUES (?, ?, ?)")
      .execute(arguments: [next, row.digest, row.text])
    return next ?? -1
  }
}
