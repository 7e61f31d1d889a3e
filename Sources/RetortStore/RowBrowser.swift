internal import Foundation
internal import GRDB
internal import RetortCore

/// Finds rows of a stage by text, by value and in the order of a column, a bounded time at a go, however many there are.
///
/// Nothing is loaded but the rows that are shown. The order of a column is kept in a temporary table of the browser's
/// own connection, which SQLite puts into a file: asking again goes on where the time was up, and a live run's new rows
/// are added.
package actor RowBrowser {
  private let queue: DatabaseQueue
  private let store: Store
  private let budget: Duration
  /// Rows that are looked at before the clock is.
  private let stride: Int
  /// Orders in the temporary table by key, the one used last at the end.
  private var orders: [Key] = []

  private struct Key: Hashable {
    let run: Int64
    let stage: Int
    let column: String
    var number: Int64 = 0
    var last: Int64 = 0
    var rows = 0
  }

  /// Errors: ``StoreError``.
  package init(_ store: Store, budget: Duration = .milliseconds(120), stride: Int = 500) throws {
    self.store = store
    self.budget = budget
    self.stride = stride
    do {
      queue = try DatabaseQueue(
        path: store.pool.path, configuration: StoreConnection.configuration(readonly: true))
      try queue.inDatabase { db in
        try db.execute(
          sql: """
            CREATE TEMP TABLE sorted (list INTEGER NOT NULL, value, place TEXT NOT NULL, occurrence INTEGER NOT NULL);
            CREATE INDEX temp.sorted_value ON sorted (list, value, place, occurrence);
            """)
      }
    } catch { throw StoreError(error, path: store.path) ?? error }
  }

  /// Errors: ``StoreError``.
  package func page(_ query: RowQuery) throws -> RowPage {
    try store.file.check()
    do { return try find(query) } catch { throw StoreError(reading: error, path: store.path) ?? error }
  }

  private func find(_ query: RowQuery) throws -> RowPage {
    let start = ContinuousClock.now
    let total = try queue.read { db in
      try Int.fetchOne(
        db, sql: "SELECT count(*) FROM occurrence WHERE run = ? AND stage = ?",
        arguments: [query.run, query.stage])
        ?? 0
    }
    var key: Key?
    if let order = query.order { key = try sort(query, by: order.column, until: start + budget) }
    let sorted = key?.rows ?? total
    // What was not sorted in this time is for the next page, where searching may begin.
    let (source, arguments) = Self.source(query, list: key?.number)
    let (condition, values) = Self.condition(query)
    let (budget, stride) = (budget, stride)
    return try queue.read { db in
      var (found, position, isWhole): ([Int64], Int, Bool) = ([], query.from, true)
      let cursor = try GRDB.Row.fetchCursor(
        db, sql: "SELECT o.id, \(condition) \(source)", arguments: values + arguments)
      while let row = try cursor.next() {
        if found.count == query.limit
          || (position - query.from) % stride == stride - 1 && start.duration(to: .now) > budget
        {
          isWhole = false
          break
        }
        if try row.at(1) as Bool? ?? false { found.append(try row.at(0)) }
        position += 1
      }
      return RowPage(
        entries: try found.map { try Self.entry($0, columns: query.columns, db) }, total: total,
        next: isWhole ? nil : position, sorted: sorted)
    }
  }

  // MARK: Order

  /// Sorts rows that are not yet, as far as the time goes; at least one stride.
  private func sort(_ query: RowQuery, by column: String, until deadline: ContinuousClock.Instant) throws
    -> Key
  {
    let place = orders.firstIndex { $0.run == query.run && $0.stage == query.stage && $0.column == column }
    var key = place.map { orders.remove(at: $0) } ?? Key(run: query.run, stage: query.stage, column: column)
    if place == nil {
      key.number = (orders.map(\.number).max() ?? 0) + 1
      if orders.count >= 8 {
        let oldest = orders.removeFirst().number
        try queue.writeWithoutTransaction {
          try $0.execute(sql: "DELETE FROM temp.sorted WHERE list = ?", arguments: [oldest])
        }
      }
    }
    // Text beyond its first 100 characters does not count: the table stays small.
    let value = Self.value(column)
    let sql = """
      INSERT INTO temp.sorted (list, value, place, occurrence)
      SELECT ?, CASE typeof(v) WHEN 'text' THEN substr(v, 1, 100) ELSE v END, path, id FROM (
        SELECT o.id, o.path, \(value.sql) AS v FROM occurrence o JOIN "row" r ON r.id = o."row"
        WHERE o.run = ? AND o.stage = ? AND o.id > ? ORDER BY o.id LIMIT ?)
      """
    let stride = stride
    let begun = key
    key = try queue.writeWithoutTransaction { db in
      var key = begun
      try db.inTransaction(.deferred) {
        repeat {
          let arguments: StatementArguments =
            [key.number] + value.arguments + [key.run, key.stage, key.last, stride]
          try db.cachedStatement(sql: sql).execute(arguments: arguments)
          guard db.changesCount > 0 else { break }
          key.rows += db.changesCount
          key.last =
            try Int64.fetchOne(
              db, sql: "SELECT occurrence FROM temp.sorted WHERE rowid = ?", arguments: [db.lastInsertedRowID]
            )
            ?? key.last
        } while .now < deadline
        return .commit
      }
      return key
    }
    orders.append(key)
    return key
  }

  // MARK: SQL

  /// The rows from the query's position on. They are passed over in the index alone, before any is read.
  private static func source(_ query: RowQuery, list: Int64?) -> (sql: String, arguments: StatementArguments)
  {
    guard let list else {
      return (
        """
        FROM (SELECT id, "row" FROM occurrence WHERE run = ? AND stage = ? ORDER BY path LIMIT -1 OFFSET ?) o
        CROSS JOIN "row" r ON r.id = o."row"
        """, [query.run, query.stage, query.from]
      )
    }
    let direction = query.order?.descending == true ? "DESC" : "ASC"
    return (
      """
      FROM (SELECT occurrence FROM temp.sorted INDEXED BY sorted_value WHERE list = ?
        ORDER BY value \(direction), place \(direction) LIMIT -1 OFFSET ?) s
      CROSS JOIN occurrence o ON o.id = s.occurrence CROSS JOIN "row" r ON r.id = o."row"
      """, [list, query.from]
    )
  }

  private static func condition(_ query: RowQuery) -> (sql: String, arguments: StatementArguments) {
    var conditions: [String] = []
    var arguments: StatementArguments = []
    if !query.search.isEmpty {
      // As it stands in the JSON text, for a quick look; then in the values alone.
      let written = String(JSON.string(query.search).text.dropFirst().dropLast())
      conditions.append(
        """
        r.json LIKE ? ESCAPE '\\'
        AND EXISTS (SELECT 1 FROM json_tree(r.json) WHERE atom LIKE ? ESCAPE '\\')
        """)
      arguments += [pattern(written), pattern(query.search)]
    }
    if let filter = query.filter {
      let value = value(filter.column)
      switch filter.test {
      case .equals:
        conditions.append("(CAST(\(value.sql) AS TEXT) = ? OR \(value.type) = ?)")
        arguments += value.arguments + [filter.value] + value.arguments + [filter.value]
      case .contains:
        conditions.append("\(value.sql) LIKE ? ESCAPE '\\'")
        arguments += value.arguments + [pattern(filter.value)]
      case .atLeast, .atMost:
        let sign = filter.test == .atLeast ? ">=" : "<="
        conditions.append("(\(value.type) IN ('integer', 'real') AND \(value.sql) \(sign) ?)")
        arguments += value.arguments + value.arguments + [Double(filter.value)]
      }
    }
    return (conditions.isEmpty ? "1" : conditions.joined(separator: " AND "), arguments)
  }

  private static func pattern(_ text: String) -> String {
    "%" + text.replacing(/[\\%_]/) { "\\" + $0.output } + "%"
  }

  /// SQL for a column's value and for its JSON type. No JSON path names a column with marks in its name: those are
  /// found among the members.
  private static func value(_ column: String) -> (sql: String, type: String, arguments: StatementArguments) {
    let isPlain = column.unicodeScalars.allSatisfy { $0.value >= 32 && $0 != "\"" && $0 != "\\" }
    guard !isPlain else {
      return ("json_extract(r.json, ?)", "json_type(r.json, ?)", ["$.\"\(column)\""])
    }
    let member = "FROM json_each(r.json) WHERE key = ? LIMIT 1"
    return ("(SELECT value \(member))", "(SELECT type \(member))", [column])
  }

  private static func entry(_ occurrence: Int64, columns: [String], _ db: Database) throws -> RowPage.Entry {
    let values = columns.map(value)
    let list = values.map {
      ", substr(CASE \($0.type) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE \($0.sql) END, 1, 301)"
    }
    var arguments: StatementArguments = []
    for value in values { arguments += value.arguments + value.arguments }
    let sql = """
      SELECT \(SQL.rowID("r")), \(SQL.source("o"))\(list.joined())
      FROM occurrence o JOIN "row" r ON r.id = o."row" WHERE o.id = ?
      """
    guard let row = try GRDB.Row.fetchOne(db.cachedStatement(sql: sql), arguments: arguments + [occurrence])
    else {
      return .init(occurrence: occurrence, id: "", source: "", cells: columns.map { _ in nil })
    }
    return .init(
      occurrence: occurrence, id: try row.at(0) ?? "", source: try row.at(1) ?? "",
      cells: (0..<columns.count).map { row[$0 + 2] as String? })
  }
}
