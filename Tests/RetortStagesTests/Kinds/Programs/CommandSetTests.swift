import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct CommandSetTests {
  /// Pairs the rows, and drops the last one.
  private static let pairing = """
    rows = [json.loads(line) for line in sys.stdin]
    for first, second in zip(rows[:4:2], rows[1:4:2]):
      print(json.dumps({"row": {"sum": first["row"]["n"] + second["row"]["n"]}, "from": [first["id"], second["id"]]}))
    print(json.dumps({"id": rows[4]["id"], "drop": "odd one", "detail": "the last"}))
    """

  private func answers(_ bench: ProgramBench, _ keys: CommandKeys? = nil, rows: Int = 5) async throws
    -> [SetAnswer]
  {
    let keys = try keys ?? bench.keys(adds: ["sum"], mayAdd: ["note"])
    return try await Bench.answers(
      of: CommandSet(keys, in: bench.workspace()), to: (0..<rows).map { ["n": .int(Int64($0)), "text": "a"] })
  }

  @Test func rowsInRowsOut() async throws {
    let bench = try ProgramBench(Self.pairing)
    #expect(
      try await answers(bench) == [
        .make(["sum": 1, "note": nil], members: [0, 1]), .make(["sum": 5, "note": nil], members: [2, 3]),
        .drop(4, reason: "odd one", detail: "the last"),
      ])
    #expect(try await answers(bench, rows: 0) == [])
  }

  @Test(
    arguments: [
      ("sys.exit(4)", "the program ended with status 4"),
      (
        "sys.stderr.write('no torch'); sys.exit(4)",
        "the program ended with status 4; its last words: no torch"
      ),
      ("os.kill(os.getpid(), 9)", "the program ended by signal 9"),
      (
        "pass",
        "expected a row made from each of the 5 rows, or its drop, found neither for 5, the first with id 1"
      ),
      (
        "print('x')",
        "line 1 of the program: expected JSON, found none: line 1, column 1: expected a JSON value, found 'x'"
      ),
      ("print('{}')", "line 1 of the program: expected one of 'row', 'drop' and 'error', found none"),
      (#"print('{"error": "too few"}')"#, "line 1 of the program: it says: too few"),
      (
        #"print('{"row": {"sum": 1}}')"#,
        "line 1 of the program: expected the ids of the rows that the row is made from under 'from', found none"
      ),
      (
        #"print('{"row": {"sum": 1}, "from": [6]}')"#,
        "line 1 of the program: expected the id of a row, 1 to 5, found 6"
      ),
      (
        #"print('{"id": 1, "drop": "a"}\n{"id": 1, "drop": "a"}')"#,
        "line 2 of the program: expected row 1 once, found it again"
      ),
      (
        #"print('{"id": 1, "drop": "a"}\n{"row": {"sum": 1}, "from": [1]}')"#,
        "line 2 of the program: expected row 1 once, found it dropped before"
      ),
      (
        #"print('{"row": {"total": 1}, "from": [1]}')"#,
        "line 1 of the program: expected the columns that 'adds:' and 'may_add:' name (sum, note), found 'total'"
      ),
      ("sys.stdin.read(); time.sleep(100)", "the program took no row and wrote no line for 1.0 s"),
      (
        "while True: sys.stdout.write('x' * 1000)",
        "expected lines of at most 10000 bytes from the program, found a longer one"
      ),
    ]) func whatIsWrongIsSaid(source: String, words: String) async throws
  {
    let bench = try ProgramBench(source)
    let isLate = words.contains("took no row")
    let keys = try bench.keys(
      adds: ["sum"], mayAdd: ["note"], timeout: isLate ? 1 : 600, maxLine: 10_000)
    let error = await #expect(throws: StageError.self) { try await answers(bench, keys) }
    #expect(error?.description == words)
  }

  /// More than the pipes hold, before it has read anything and before it is read.
  @Test func fullPipesHoldNobodyUp() async throws {
    let bench = try ProgramBench(
      """
      for n in range(20_000): print(json.dumps({"row": {"sum": n}, "from": [1 + n % 2000]}))
      for line in sys.stdin: pass
      """)
    let found = try await answers(bench, bench.keys(adds: ["sum"]), rows: 2000)
    #expect(found.count == 20_000)
    #expect(found.last == .make(["sum": 19_999], members: [1999]))
  }
}
