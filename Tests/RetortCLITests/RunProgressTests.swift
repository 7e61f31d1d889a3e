import Foundation
import RetortReport
import RetortRun
import RetortStages
import RetortStore
import Synchronization
import Testing

@testable import RetortCLI
@testable import RetortCore

@Suite struct RunProgressTests {

  /// A run of three stages in its 20th second: the reader has finished, 6 of 10 rows were answered, one of them
  /// dropped and one failed, and two are in flight.
  private func board() -> RunBoard {
    var board = RunBoard([("questions", []), ("rationale", ["questions"]), ("out", ["rationale"])], at: 0)
    board.take(.started(run: 7), at: 0)
    board.take(.finished(stage: "questions", Books(in: 10, emitted: 10, rows: 10)), at: 1)
    board.take(.reused(stage: "rationale", AnsweredRows(rows: 2, dropped: 1, out: 1)), at: 10)
    for second in 11...15 {
      board.take(.began(stage: "rationale"), at: Double(second) - 0.5)
      guard second < 14 else { continue }
      board.take(.performed(stage: "rationale", AnsweredRows(rows: 1, out: 2)), at: Double(second))
    }
    board.take(.failed(stage: "rationale", kind: "timeout", message: "timeout: none in 300 s"), at: 14)
    board.take(.began(stage: "rationale"), at: 15)
    return board
  }

  private let spending = ProgressPage.Spending(tokens: 12_345, usd: 1.5, maxTokens: nil, maxUSD: 10)

  @Test func theTableSaysWhatIsDoneAndWhatIsLeft() {
    let lines = ProgressPage.table(board(), spending, at: 21)
    #expect(
      lines == [
        "run 7  21s  tokens 12.3k  USD 1.50 of 10.00",
        "stage                done    kept  dropped  failed    left  rows/s  flying",
        "questions              10      10                                         ",
        "rationale            6/10       4        1       1     10s     0.4       2",
        "out                  0/7+                                                 ",
      ])
  }

  @Test(arguments: [20, 40, 60, 80, 200]) func noLineIsWiderThanTheTerminal(width: Int) {
    let lines = ProgressPage.table(board(), spending, at: 21, width: width)
    #expect(lines.allSatisfy { $0.count <= width })
    #expect(lines.count == 5)
  }

  @Test func theTableIsNoHigherThanTheTerminal() {
    let lines = ProgressPage.table(board(), spending, at: 21, height: 5)
    #expect(lines.count == 5)
    #expect(lines.dropFirst(2).map { $0.prefix(9) } == ["rationale", "out      ", "… and 1 m"])
  }

  @Test func aFileThatLostMoreThanATenthIsNamedInOneLine() {
    func found(_ books: Books, files: [String] = ["data/q.txt"]) -> [String] {
      BrokenRecords.found(
        in: OrderedBooks([.init("rows", books)]),
        drops: [
          Losses(stage: "rows", reason: "broken block", rows: 300),
          Losses(stage: "rows", reason: "invalid UTF-8", rows: 55),
          Losses(stage: "other", reason: "empty", rows: 900),
        ], files: { _ in files }
      ).map(\.description)
    }
    #expect(
      found(Books(in: 651, emitted: 296, dropped: 355, rows: 296)) == [
        "WARNING: rows lost 355 of 651 records of data/q.txt, most often for 'broken block': is it the format that the "
          + "stage reads? `retort why` and the view `dropped` say more"
      ])
    #expect(found(Books(in: 10, emitted: 9, dropped: 1, rows: 9)) == [])
    var pictures = BrokenRecords.found(
      in: OrderedBooks([.init("rows", Books(in: 9, emitted: 4, dropped: 5, rows: 4))]),
      drops: [Losses(stage: "rows", reason: "image missing", rows: 5)], files: { _ in ["rows.jsonl"] })
    pictures[0].first = "rows.jsonl, line 3: 'picture': expected an image at 'a.png', found none"
    #expect(
      pictures.map(\.description) == [
        "WARNING: rows lost 5 of 9 records of rows.jsonl, most often for 'image missing', first at rows.jsonl, line 3: "
          + "'picture': expected an image at 'a.png', found none; `retort why` and the view `dropped` say more"
      ])
    #expect(found(Books(in: 10, dropped: 10), files: []) == [])
    #expect(
      found(Books(in: 9, emitted: 8, dropped: 1, rows: 8), files: ["a", "b", "c", "d", "e"])[0].hasPrefix(
        "WARNING: rows lost 1 of 9 records of a, b, c, 2 more, most"))
  }

  @Test func coloursAreOnlyAddedAround() {
    let plain = ProgressPage.table(board(), spending, at: 21)
    let coloured = ProgressPage.table(board(), spending, at: 21, colour: true)
    #expect(coloured[3] == "\u{1B}[31m\(plain[3])\u{1B}[0m")
    #expect(coloured.map { $0.replacing(/\u{1B}\[\d+m/, with: "") } == plain)
  }

  @Test func oneLineSaysTheSame() throws {
    let board = board()
    let stage = try #require(board["rationale"])
    #expect(
      ProgressPage.line(stage, of: board, at: 21)
        == "rationale: 6/10 done, kept 4, dropped 1, failed 1, in flight 2, 0.4 rows/s, 10s left")
  }

  @Test func aFinishedStageHasTheBooksOfTheRun() throws {
    var board = board()
    board.take(
      .finished(stage: "rationale", Books(in: 10, emitted: 7, dropped: 1, failed: 2, rows: 9)), at: 30)
    let stage = try #require(board["rationale"])
    #expect((stage.done, stage.kept, stage.dropped, stage.failed, stage.inFlight) == (10, 7, 1, 2, 0))
    let out = try #require(board["out"])
    #expect(board.total(of: out) == 9)
  }

  @Test func aRateIsTakenOverTheLastSeconds() throws {
    var board = RunBoard([("read", []), ("write", ["read"])], at: 0)
    for second in 0..<60 {
      let rows = second < 30 ? 100 : 2
      board.take(.performed(stage: "write", AnsweredRows(rows: rows, out: rows)), at: Double(second))
    }
    let write = try #require(board["write"])
    let rate = try #require(board.rate(of: write, at: 60))
    #expect(abs(rate - 2) < 0.01)
    #expect(write.pace.count <= 31)
  }

  @Test func durationsAreShort() {
    #expect(
      [0.4, 59.6, 185, 7800, 1e12].map(ProgressPage.duration) == ["0s", "1m00s", "3m05s", "2h10m", "999h59m"])
  }

  // MARK: The screen

  private final class Paper: Sendable {
    let text = Mutex("")
    let time = Mutex(0.0)

    func screen(terminal: Bool) -> RunProgress.Screen {
      .init(
        isTerminal: terminal, colour: false, size: { (80, 24) },
        write: { line in self.text.withLock { $0 += line } })
    }

    func progress(
      terminal: Bool, spending: @escaping @Sendable () -> ProgressPage.Spending = { .init() }
    ) -> RunProgress {
      RunProgress(
        [("read", []), ("write", ["read"])], on: screen(terminal: terminal),
        now: { self.time.withLock { $0 } }, spending: spending)
    }

    func at(_ seconds: Double) { time.withLock { $0 = seconds } }
    var all: String { text.withLock { $0 } }
  }

  @Test func withoutATerminalEachStageHasALineAtItsEnd() {
    let paper = Paper()
    let progress = paper.progress(terminal: false)
    progress.tell(.started(run: 1))
    progress.tell(.finished(stage: "read", Books(in: 50, emitted: 50, rows: 50)))
    for step in 0..<50 {
      paper.at(1 + Double(step) * 0.05)
      progress.tell(.performed(stage: "write", AnsweredRows(rows: 1, out: 1)))
    }
    progress.tell(.finished(stage: "write", Books(in: 50, emitted: 50, rows: 50)))
    let lines = paper.all.split(separator: "\n")
    #expect(lines.map { $0.split(separator: ",")[0] } == ["run 1", "read: 50 done", "write: 50/50 done"])
    #expect(!paper.all.contains("\u{1B}"))
  }

  @Test func withoutATerminalALineSaysNowAndThenWhatIsDoneWhatItCostAndWhatIsWaitedFor() async {
    let gauge = CallGauge()
    let priced = ModelSpec.priced("teacher")
    let paper = Paper()
    let progress = paper.progress(terminal: false) {
      .init(tokens: 12_345, usd: 0.5, calls: gauge.reading)
    }
    progress.tell(.finished(stage: "read", Books(in: 50, emitted: 50, rows: 50)))
    paper.at(9)
    progress.tell(.performed(stage: "write", AnsweredRows(rows: 3, out: 3)))
    progress.tell(.failed(stage: "write", kind: "server", message: "server: no", rows: 2))
    for _ in 0..<4 { await gauge.asking(priced) {} }
    await gauge.asking(ModelSpec(alias: "local", name: "m")) {}
    paper.at(10)
    await gauge.holding(.tpm, priced) { progress.tick() }
    progress.tick()  // too soon to tell again
    paper.at(25)
    progress.tick()
    #expect(
      paper.all.split(separator: "\n").dropFirst().map(String.init) == [
        "write: failed: server: no",
        "10s: write 5/50 (2 failed); calls 5, tokens 12.3k, USD 0.50, and 1 call without a price; "
          + "waiting for tpm of teacher (1 call)",
        "25s: write 5/50 (2 failed); calls 5, tokens 12.3k, USD 0.50, and 1 call without a price",
      ])
  }

  @Test func theLongerARunTheFewerItsLines() {
    let paper = Paper()
    let progress = paper.progress(terminal: false)
    for second in 1...7200 {
      paper.at(Double(second))
      progress.tell(.performed(stage: "write", AnsweredRows(rows: 1, out: 1)))
    }
    let lines = paper.all.split(separator: "\n")
    #expect(lines.count { $0.contains(": write ") } == lines.count)
    #expect((50...65).contains(lines.count))
  }

  @Test func onATerminalTheHeadSaysWhatIsWaitedFor() async {
    let gauge = CallGauge()
    await gauge.holding(.retryAfter, .priced("teacher")) {
      let spending = ProgressPage.Spending(tokens: 0, usd: 0, calls: gauge.reading)
      #expect(
        ProgressPage.table(board(), spending, at: 21)[0]
          == "run 7  21s  waiting for retry-after of teacher (1 call)")
    }
  }

  @Test func onATerminalTheTableIsDrawnOverItselfAndMessagesStandAboveIt() {
    let paper = Paper()
    let progress = paper.progress(terminal: true)
    progress.tell(.started(run: 1))
    #expect(paper.all.hasPrefix("run 1  0s"))
    #expect(paper.all.split(separator: "\n").count == 5)  // four lines and what clears below them
    let first = paper.all.count
    progress.tell(.began(stage: "write"))
    #expect(paper.all.count == first)  // too soon to draw again
    paper.at(1)
    progress.tick()
    #expect(paper.all.dropFirst(first).hasPrefix("\u{1B}[4Arun 1  1s"))
    let second = paper.all.count
    progress.say("wait")
    #expect(paper.all.dropFirst(second).hasPrefix("\u{1B}[4A\u{1B}[Jwait\nrun 1  1s"))
    for _ in 0..<2 { progress.tell(.failed(stage: "write", kind: "timeout", message: "timeout: x\u{1B}[2J")) }
    #expect(paper.all.matches(of: /write: failed: timeout: x\[2J\n/).count == 1)
  }

  @Test func onATerminalAMessageIsBrokenBetweenWords() {
    let long = "stopping (parked): " + Array(repeating: "seven77", count: 16).joined(separator: " ")
    let lines = { (isTerminal: Bool) in
      let paper = Paper()
      paper.progress(terminal: isTerminal).say(long)
      return paper.all.split(separator: "\n").filter { $0.contains("seven77") }.map(String.init)
    }
    #expect(lines(false) == [long])
    #expect(lines(true).count == 2)
    #expect(lines(true).allSatisfy { $0.count <= 80 })
  }

  @Test func coloursNeedATerminalAndNoNO_COLOR() {
    func screen(_ environment: [String: String], isScreen: Bool = true) -> RunProgress.Screen {
      let terminal = Terminal(out: { _ in }, err: { _ in }, isScreen: isScreen)
      return .init(Shell(terminal: terminal, environment: environment))
    }
    #expect(screen(["TERM": "dumb"]).isTerminal == false)
    #expect(screen(["TERM": "xterm"], isScreen: false).isTerminal == false)
    #expect(screen(["NO_COLOR": "1", "TERM": "xterm"]).colour == false)
    #expect(screen(["TERM": "xterm"]).colour)
  }

  @Test func theReportSaysWhyRowsWereDroppedAndWhereFilesAre() {
    func export(_ stage: String, _ path: String, rows: Int, complete: Bool = true) -> RunSummary.Export {
      .init(stage: stage, path: path, rows: rows, sha256: "", complete: complete)
    }
    let summary = RunSummary(
      run: 3, pipeline: "p", status: .complete,
      stages: OrderedBooks([.init("sound", Books(in: 9, dropped: 9))]), calls: .init(), seconds: 2,
      exports: [
        export("sets", "/a/out/sft/x.jsonl", rows: 2), export("sets", "/a/out/manifest.json", rows: 0),
        export("all", "/a/all.jsonl", rows: 1, complete: false),
      ])
    let drops = [("b", 3), ("a", 2), ("c", 1), ("d", 1), ("e", 1), ("f", 1)].map {
      Losses(stage: "sound", reason: $0.0, rows: $0.1)
    }
    #expect(
      Array(SummaryPage.lines(summary, drops: drops).dropFirst(3)) == [
        "sound dropped: b 3, a 2, c 1, d 1, e 1, and 1 more",
        "calls: 0 made, 0 remembered, 0 failed", "tokens: 0 prompt, 0 completion; USD 0.0000",
        "wrote 2 files under /a/out (2 rows)", "wrote /a/all.jsonl (1 rows, incomplete)",
        "complete in 2.0 s", "nothing came out of sound: all its 9 rows were dropped, most often as 'b'",
      ])
  }

  @Test func anExportWithoutRowsSaysWhy() {
    let summary = RunSummary(
      run: 3, pipeline: "p", status: .complete,
      stages: OrderedBooks([
        .init("empty", Books()), .init("rows", Books(in: 2, emitted: 2, rows: 2)),
        .init("sets", Books(in: 2, dropped: 2, rows: 1)), .init("none", Books(rows: 1)),
      ]), calls: .init(), seconds: 2,
      exports: ["sets", "none"].map {
        .init(stage: $0, path: "/a/\($0)/manifest.json", rows: 0, sha256: "", complete: true)
      })
    #expect(
      Array(
        SummaryPage.lines(
          summary, drops: [Losses(stage: "sets", reason: "no prompt", rows: 2)], readers: ["empty", "rows"]
        ).suffix(4)) == [
          "sets wrote no rows: all its 2 rows were dropped, as 'no prompt'; /a/sets/manifest.json says so",
          "none wrote no rows: none came to it; /a/none/manifest.json says so", "complete in 2.0 s",
          "nothing came out of empty: there was nothing to make rows of",
        ])
  }

  @Test func aFileThatMustBeChangedFirstIsSaid() {
    let summary = RunSummary(
      run: 3, pipeline: "p", status: .incomplete, stages: OrderedBooks([]), calls: .init(), seconds: 2,
      exports: [],
      waitsForEdit: true)
    #expect(
      SummaryPage.lines(summary).last == "change the file as said above, then go on with: retort resume 3")
  }

  @Test func aStageThatMadeNoneSaysWhy() {
    let summary = RunSummary(
      run: 3, pipeline: "p", status: .complete,
      stages: OrderedBooks([
        .init("pairs", Books(in: 320, emitted: 320)), .init("none", Books(in: 2, emitted: 2)),
        .init("dropped", Books(in: 2, dropped: 2)),
      ]), calls: .init(made: 3, promptTokens: 7, unpriced: 3), seconds: 2, exports: [])
    #expect(
      Array(SummaryPage.lines(summary, makesNone: ["pairs": "no two differ"]).dropFirst(4)) == [
        "in = emitted (kept) + dropped + failed + pending; rows: what came out of them",
        "pairs took 320 rows and made none: no two differ",
        "none took 2 rows and made none: it had nothing to make of them",
        "calls: 3 made, 0 remembered, 0 failed", "tokens: 7 prompt, 0 completion; no price set",
        "complete in 2.0 s", "nothing came out of dropped: all its 2 rows were dropped",
      ])
  }

  @Test(
    arguments: [
      (.waiting, "failed, too: 2 rows of cast, 1 row of out; why: retort failures --run 3"),
      (.interrupted, "failed, too: 2 rows of cast, 1 row of out; why: retort failures --run 3"),
      (.incomplete, "incomplete in 2.0 s"),
    ] as [(RunStatus, String)])
  func whatFailedIsSaidWhereTheStatusSaysAnother(_ status: RunStatus, line: String) {
    let summary = RunSummary(
      run: 3, pipeline: "p", status: status,
      stages: OrderedBooks([
        .init("cast", Books(in: 5, emitted: 2, failed: 2, pending: 1)), .init("out", Books(in: 1, failed: 1)),
      ]), calls: .init(), seconds: 2, exports: [])
    #expect(Array(SummaryPage.lines(summary).suffix(2)) == [line, "go on with: retort resume 3"])
  }

  @Test func theReportSaysHowToGoOn() {
    let summary = RunSummary(
      run: 3, pipeline: "p", status: .interrupted,
      stages: OrderedBooks([.init("read", Books(in: 1, pending: 1))]),
      calls: .init(), seconds: 2, exports: [])
    #expect(
      SummaryPage.lines(summary) == [
        "stage  in  emitted  dropped  failed  pending  reused  rows",
        "read    1        0        0       0        1       0     0",
        "in = emitted (kept) + dropped + failed + pending; rows: what came out of them",
        "calls: 0 made, 0 remembered, 0 failed", "tokens: 0 prompt, 0 completion; USD 0.0000",
        "interrupted in 2.0 s", "go on with: retort resume 3",
      ])
  }
}

extension ModelSpec {
  fileprivate static func priced(_ alias: String) -> ModelSpec {
    var model = ModelSpec(alias: alias, name: "m")
    model.price = Price(input: 1, output: 2)
    return model
  }
}
