import Foundation
import GRDB
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStore

@Suite struct DatabaseReaderTests {
  private let file: URL
  private let reader = DatabaseReader()

  init() throws {
    file = try Bench.folder().appending(path: "a b%20?.sqlite")
    try DatabaseQueue(path: file.path).write { db in
      try db.execute(
        sql: """
          CREATE TABLE t (a INTEGER, b, c TEXT);
          INSERT INTO t VALUES (2, 0.5, 'é'), (1, NULL, ''), (3, x'0102', CAST(x'FF' AS TEXT)), (4, 9e999, 'x');
          """)
    }
  }

  private func rows(_ query: String) async throws -> [[DatabaseCell]] {
    let found = Found()
    try await reader.read(query, in: file) { await found.add($0) }
    return await found.rows
  }

  private actor Found {
    var rows: [[DatabaseCell]] = []
    func add(_ row: [DatabaseCell]) { rows.append(row) }
  }

  private var beside: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: file.deletingLastPathComponent().path).sorted()
    }
  }

  @Test func rowsComeInTheQuerysOrderWithTheirTypes() async throws {
    #expect(try reader.columns(of: "SELECT a, b AS x, c FROM t", in: file) == ["a", "x", "c"])
    #expect(
      try await rows("SELECT * FROM t ORDER BY a;\n") == [
        [.value(1), .value(nil), .value("")], [.value(2), .value(0.5), .value("é")],
        [.value(3), .bytes(Data([1, 2])), .notUTF8], [.value(4), .infinite, .value("x")],
      ])
    #expect(try beside == ["a b%20?.sqlite"])
  }

  @Test(arguments: [
    ("", "query: expected a query, found none"),
    (
      "SELECT a FROM t; SELECT b FROM t",
      "query: expected one query that gives rows, found something else, or more than one"
    ),
    (
      "DELETE FROM t",
      "query: expected one that only reads the file, and says the same each time: not authorized"
    ),
    ("INSERT INTO t VALUES (1, 1, 1) RETURNING a", "query: expected one that only reads the file"),
    ("ATTACH 'other.sqlite' AS o", "query: expected one that only reads the file"),
    ("PRAGMA journal_mode = WAL", "query: expected one that only reads the file"),
    (
      "SELECT a FROM t ORDER BY random()",
      "query: expected one that only reads the file, and says the same each time: not authorized to use function: random"
    ),
    ("SELECT a FROM none", "query: expected SQL that the database understands: no such table: none"),
    ("SELEC a", "query: expected SQL that the database understands: near \"SELEC\": syntax error"),
  ])
  func whatIsNoQueryIsRefused(query: String, message: String) throws {
    let error = #expect(throws: StageError.self) { try reader.columns(of: query, in: file) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    #expect(try beside == ["a b%20?.sqlite"])
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    try "not a database, and long enough to be held for one by its size alone".write(
      to: file, atomically: false, encoding: .utf8)
    let error = StageError("file: expected a SQLite database in '\(file.path)': file is not a database")
    for query in ["SELECT 1", "SELECT a FROM t"] {
      #expect(throws: error) { try reader.columns(of: query, in: file) }
    }
  }

  @Test func changesBesideTheFileAreNotOverlooked() async throws {
    let writing = try DatabasePool(path: file.path)
    try await writing.write { try $0.execute(sql: "INSERT INTO t VALUES (5, 5, '5')") }
    let before = try beside
    #expect(before.contains("a b%20?.sqlite-wal"))
    let error = #expect(throws: StageError.self) { try reader.columns(of: "SELECT a FROM t", in: file) }
    #expect(error?.description.contains("found changes to it in '\(file.path)-wal'") == true)
    try writing.close()
    #expect(try await rows("SELECT count(*) FROM t") == [[.value(5)]])
    #expect(try beside == ["a b%20?.sqlite"])
  }

  @Test(arguments: ["", "\0\0\0\0\0\0\0\0 done", "\u{19}change"])
  func aJournalThatIsDoneWithMayStay(journal: String) async throws {
    try journal.write(toFile: file.path + "-journal", atomically: false, encoding: .utf8)
    if journal.hasPrefix("\u{19}") {
      let error = #expect(throws: StageError.self) { try reader.columns(of: "SELECT a FROM t", in: file) }
      #expect(error?.description.contains("found changes to it in '\(file.path)-journal'; let what") == true)
    } else {
      #expect(try await rows("SELECT max(a) FROM t") == [[.value(4)]])
    }
  }

  @Test func aFolderThatCannotBeWrittenIsRead() async throws {
    let folder = file.deletingLastPathComponent().path
    chmod(file.path, 0o444)
    chmod(folder, 0o555)
    defer { chmod(folder, 0o755) }
    #expect(try await rows("SELECT max(a) FROM t") == [[.value(4)]])
  }
}
