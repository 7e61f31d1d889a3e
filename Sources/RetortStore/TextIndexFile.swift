internal import Foundation
internal import GRDB
internal import RetortCore

/// The index of one corpus: SQLite's full text (FTS5) over titles and texts, ranked by BM25.
struct TextIndexFile: TextIndex {
  private let queue: DatabaseQueue
  private let url: URL

  /// Says whose file it is: the letters `RTXT`.
  private static let mark = 0x5254_5854
  /// Raised where the tables change.
  private static let version = 1

  /// Errors: ``StoreError`` for a file that is not ours.
  init(_ url: URL) throws {
    self.url = url
    do {
      queue = try DatabaseQueue(path: url.path, configuration: StoreConnection.configuration(readonly: true))
      let (mark, version) = try queue.read {
        (try Int.fetchOne($0, sql: "PRAGMA application_id"), try Int.fetchOne($0, sql: "PRAGMA user_version"))
      }
      guard mark == Self.mark, version == Self.version else {
        throw StoreError(
          "expected the index of a corpus at '\(url.path)', found another file; move it away, and it is made again"
        )
      }
    } catch { throw StoreError(error, path: url.path) ?? error }
  }

  // MARK: Writing

  /// Writes the index of some rows to a new file.
  static func write(_ rows: RowSet<Columns>, to url: URL) async throws {
    let queue = try DatabaseQueue(path: url.path)
    chmod(url.path, 0o600)
    // Nobody has it before it is whole.
    try await queue.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
    }
    try await queue.write { try $0.execute(sql: tables) }
    var page: [TextDocument] = []
    for try await row in rows {
      page.append(document(row))
      if page.count == 512 {
        try await add(page, to: queue)
        page = []
      }
    }
    try await add(page, to: queue)
    try await queue.write { try $0.execute(sql: "INSERT INTO found (found) VALUES ('optimize')") }
    try queue.close()
  }

  private static let tables = """
    PRAGMA application_id = \(mark); PRAGMA user_version = \(version);
    CREATE TABLE document (id INTEGER PRIMARY KEY, title TEXT NOT NULL, url TEXT NOT NULL, text TEXT NOT NULL);
    CREATE INDEX document_url ON document (url);
    CREATE INDEX document_title ON document (title COLLATE NOCASE);
    CREATE VIRTUAL TABLE found USING fts5 (title, text, content = 'document', content_rowid = 'id',
      tokenize = 'unicode61 remove_diacritics 2');
    CREATE VIRTUAL TABLE vocabulary USING fts5vocab (found, row);
    """

  private static func add(_ page: [TextDocument], to queue: DatabaseQueue) async throws {
    try await queue.write { db in
      let document = try db.cachedStatement(
        sql: "INSERT INTO document (id, title, url, text) VALUES (?, ?, ?, ?)")
      let found = try db.cachedStatement(sql: "INSERT INTO found (rowid, title, text) VALUES (?, ?, ?)")
      for one in page {
        try document.execute(arguments: [one.number, one.title, one.url, one.text])
        try found.execute(arguments: [one.number, one.title, one.text])
      }
    }
  }

  private static func document(_ row: RowSet<Columns>.Element) -> TextDocument {
    func text(_ column: String) -> String {
      guard let value = row.value[column], !value.isNull else { return "" }
      return (value.string ?? value.text).replacing("\0", with: " ")
    }
    let title = text("title")
    return TextDocument(
      number: row.ordinal + 1, title: title.isEmpty ? "Document \(row.ordinal + 1)" : title, url: text("url"),
      text: text("text"))
  }

  // MARK: Reading

  func search(_ words: String, limit: Int) async throws -> [TextHit] {
    try await read { db in
      guard let query = try TextQuery(words).match(db) else { return [] }
      return try GRDB.Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT d.id, d.title, d.url, snippet(found, 1, '', '', '…', 48) FROM found
            JOIN document d ON d.id = found.rowid
            WHERE found MATCH ? AND rank MATCH 'bm25(2.0, 1.0)' ORDER BY rank LIMIT ?
            """), arguments: [query, limit]
      ).map {
        TextHit(number: try $0.at(0), title: try $0.at(1), url: try $0.at(2), snippet: try $0.at(3))
      }
    }
  }

  func document(_ name: String) async throws -> TextDocument? {
    let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
    let number = Int64(name.trimmingCharacters(in: CharacterSet(charactersIn: "[]#")))
    return try await read { db in
      for (condition, value) in [
        ("id = ?", number?.databaseValue), ("url = ?", name.databaseValue),
        ("title = ? COLLATE NOCASE", name.databaseValue),
      ] {
        // Where no row has an address, nothing is at none.
        guard let value, value != "".databaseValue else { continue }
        let found = try GRDB.Row.fetchOne(
          db, sql: "SELECT id, title, url, text FROM document WHERE \(condition) ORDER BY id LIMIT 1",
          arguments: [value])
        guard let found else { continue }
        return TextDocument(
          number: try found.at(0), title: try found.at(1), url: try found.at(2), text: try found.at(3))
      }
      return nil
    }
  }

  private func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await queue.read(body) } catch { throw StoreError(error, path: url.path) ?? error }
  }
}
