import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortStages

struct ReadReviewTests {
  private static let row: JSON.Object = [
    "q": "What?", "a": "so\nand so", "n": 1.5, "ok": true, "tags": ["x"], "e": nil,
  ]
  private static let id = RowID.text(Digest(of: .object(row)))
  private static let nowhere = AwaitedFiles(path: "reviewed.jsonl", file: nil)

  let folder: URL
  init() throws { folder = try Bench.folder() }

  private func file(_ text: String, _ name: String = "reviewed.jsonl") throws -> AwaitedFiles {
    try Data(text.utf8).write(to: folder.appending(path: name))
    return AwaitedFiles(path: name, file: try DataFile(name, in: folder))
  }

  /// A line of the row with some columns as the person wrote them.
  private func line(_ said: JSON.Object, id: String = id) -> String {
    var line: JSON.Object = ["row": .string(id), "verdict": nil, "note": nil]
    line.merge(Self.row) { _, new in new }
    line.merge(["reviewer": nil, "reviewed_at": nil]) { _, new in new }
    line.merge(said) { _, new in new }
    return JSON.object(line).text + "\n"
  }

  private func outcome(_ text: String, edit: [String]? = nil, reviewer: String? = nil) async throws
    -> Outcome<Columns>
  {
    let stage = try ReadReview(.init(file: try file(text), edit: edit, reviewer: reviewer), in: Bench.nowhere)
    return try await stage.process(Columns(Self.row))
  }

  private func fault(_ text: String, edit: [String]? = nil) async -> String? {
    let error = await #expect(throws: StageError.self) { try await outcome(text, edit: edit) }
    return error?.description
  }

  /// A stage with the files under `file:`, as a pipeline file names them.
  private func stage(_ given: JSON) throws -> ReadReview {
    let files = try given.decode(AwaitedFiles.self, userInfo: [.folder: folder])
    return try ReadReview(.init(file: files), in: Bench.nowhere)
  }

  @Test func severalPeoplesFilesAreOne() async throws {
    _ = try file(line([:]), "ann.jsonl")
    _ = try file(line(["verdict": "accept", "reviewer": "Ben"]), "ben.jsonl")
    let said = Outcome.emit([
      Columns(["verdict": "accept", "note": nil, "reviewer": "Ben", "reviewed_at": nil])
    ])
    for given: JSON in ["*.jsonl", ["ann.jsonl", "ben.jsonl"], ["later.jsonl", "b*.jsonl"]] {
      #expect(try await stage(given).process(Columns(Self.row)) == said)
    }
    for (given, words): (JSON, String) in [
      (["ann.jsonl", "later.jsonl"], "'later.jsonl', which is not there yet"),
      (["ann.jsonl"], "a verdict in 'ann.jsonl'"),
      ("not/yet/*.csv", "'not/yet/*.csv', which is not there yet"),
    ] {
      let halt = await #expect(throws: Halt.self) { try await stage(given).process(Columns(Self.row)) }
      #expect(halt?.message == words)
    }
    _ = try file(line(["verdict": "reject"]), "ann.jsonl")
    let error = await #expect(throws: StageError.self) {
      try await stage("*.jsonl").process(Columns(Self.row))
    }
    #expect(
      error?.description
        == "file: expected one verdict for \(Self.id), found 2: ann.jsonl, line 1; ben.jsonl, line 1")
    #expect(throws: StageError.self) { try stage("*") }
    #expect(throws: JSONError.self) { try stage(["ann.jsonl", "a*.jsonl"]) }
  }

  /// What the key of a step has of one file is what it was.
  @Test func oneFileIsItsDigest() throws {
    let one = try file(line([:]))
    #expect(try JSON(encoding: one) == .string(try #require(one.files.first).digest.description))
    #expect(try JSON(encoding: Self.nowhere) == .null)
    #expect(
      try JSON(encoding: JSON.array(["later.jsonl"]).decode(AwaitedFiles.self, userInfo: [.folder: folder]))
        == [])
  }

  @Test func anAcceptedRowGoesOn() async throws {
    #expect(
      try await outcome(
        line(["verdict": " Accept ", "note": "fine", "reviewer": "Ann", "reviewed_at": "2026-11-28"]))
        == .emit([
          Columns(["verdict": "accept", "note": "fine", "reviewer": "Ann", "reviewed_at": "2026-11-28"])
        ]))
    #expect(
      try await outcome(line(["verdict": "accept", "n": 1.50, "tags": "[\"x\"]"]), reviewer: "Ben")
        == .emit([Columns(["verdict": "accept", "note": nil, "reviewer": "Ben", "reviewed_at": nil])]))
  }

  @Test func aRejectedRowEndsWithItsNote() async throws {
    #expect(
      try await outcome(line(["verdict": "reject", "note": "too vague", "reviewer": "Ann"]))
        == .drop(reason: "rejected", detail: "Ann: too vague"))
    #expect(try await outcome(line(["verdict": "reject"])) == .drop(reason: "rejected", detail: ""))
  }

  @Test func anEditedRowGoesOnWithWhatWasEdited() async throws {
    #expect(
      try await outcome(
        line(["verdict": "edit", "a": "so", "n": "2", "ok": "FALSE", "tags": "[\"x\", \"y\"]", "e": "new"]),
        edit: ["a", "n", "ok", "tags", "e"])
        == .emit([
          Columns([
            "a": "so", "n": 2, "ok": false, "tags": ["x", "y"], "e": "new", "verdict": "edit", "note": nil,
            "reviewer": nil, "reviewed_at": nil,
          ])
        ]))
    let stage = try ReadReview(.init(file: Self.nowhere, edit: ["a"]), in: Bench.nowhere)
    #expect(stage.passed == .changing(["a"]))
    #expect(stage.reads == [ColumnUse("a")])
    #expect(stage.adds == ["verdict", "note", "reviewer", "reviewed_at"])
  }

  @Test func withoutAVerdictARowWaits() async throws {
    for (text, what) in [
      (line([:]), "a verdict in 'reviewed.jsonl'"),
      (line(["verdict": "  "]), "a verdict in 'reviewed.jsonl'"),
      (line(["verdict": "accept"], id: "r_000000000000"), "a verdict in 'reviewed.jsonl'"),
      ("", "a verdict in 'reviewed.jsonl'"),
    ] {
      let halt = await #expect(throws: Halt.self) { try await outcome(text) }
      #expect(halt == Halt(.waiting, what))
    }
    let halt = await #expect(throws: Halt.self) {
      try await ReadReview(.init(file: Self.nowhere), in: Bench.nowhere).process(Columns(Self.row))
    }
    #expect(halt == Halt(.waiting, "'reviewed.jsonl', which is not there yet"))
  }

  @Test func whatCannotBeTakenIsAFactWithItsPlace() async throws {
    #expect(
      await fault(line(["verdict": "maybe"]))
        == "reviewed.jsonl, line 1: expected accept, reject or edit under 'verdict', found 'maybe'")
    #expect(
      await fault(line(["verdict": "accept"]) + line(["verdict": "accept"]))
        == "reviewed.jsonl: expected one line for \(Self.id), found 2: line 1, line 2")
    #expect(
      await fault(line(["verdict": "edit", "q": "Who?"]), edit: ["a"])
        == "reviewed.jsonl, line 1: expected 'q' as it was written, since 'edit:' does not name it; found 'Who?' in place "
        + "of 'What?'")
    #expect(
      await fault(line(["verdict": "accept", "a": ""]), edit: ["a"])
        == "reviewed.jsonl, line 1: expected the verdict edit where 'a' is another one, found accept with '' in place of "
        + "'so\nand so'")
    #expect(
      await fault(line(["verdict": "edit", "n": "many"]), edit: ["n"])
        == "reviewed.jsonl, line 1: expected a number in 'n', found 'many'")
    #expect(
      await fault(line(["verdict": "edit"]), edit: ["a", "n"])
        == "reviewed.jsonl, line 1: expected another value in a column that may be edited (a, n), found all as it was"
    )
    #expect(
      await fault(#"{"verdict": "accept", "q": "What?"}"#)
        == "reviewed.jsonl, line 1: expected the row's name under 'row', as export-review wrote it, found none"
    )
    #expect(
      await fault("\n[1]\n") == "reviewed.jsonl, line 2: expected an object, found a list")
  }

  // MARK: CSV

  private func sheet(_ text: String, edit: [String]? = nil, encoding: String? = nil) async throws -> Outcome<
    Columns
  > {
    let stage = try ReadReview(
      .init(file: try file(text, "reviewed.csv"), edit: edit, encoding: encoding), in: Bench.nowhere)
    return try await stage.process(Columns(Self.row))
  }

  private static let accepted = Outcome.emit([
    Columns(["verdict": "accept", "note": nil, "reviewer": nil, "reviewed_at": nil])
  ])

  @Test func whatASpreadsheetSavedAgainIsRead() async throws {
    for text in [
      // As it was written, and filled in.
      "\u{FEFF}row,verdict,note,q,a,n,ok,tags,e,reviewer,reviewed_at\r\n\(Self.id),accept,,What?,\"so\nand so\",1.5,true,\"[\"\"x\"\"]\",,,\r\n",
      // Semicolons, other line ends and spellings, columns moved and added, empty ones at the end left out.
      "\u{FEFF}verdict;row;mine;ok;n;q;a;tags;e;note;reviewer\r\nACCEPT;\(Self.id);x;TRUE;1.50;\"What?\";\"so\r\nand so\";\"[\"\"x\"\"]\"\r\n;;;;\r\n",
      "row\tverdict\tn\r\(Self.id)\taccept\t1.5\r",
    ] {
      #expect(try await sheet(text) == Self.accepted)
    }
    #expect(
      try await sheet("row;verdict;a\n\(Self.id);edit;\"so\r\nelse\"\n", edit: ["a"])
        == .emit([
          Columns(["a": "so\nelse", "verdict": "edit", "note": nil, "reviewer": nil, "reviewed_at": nil])
        ]))
  }

  @Test func aFileThatIsNoReviewIsAFactWithItsPlace() async throws {
    for (text, says) in [
      ("", "reviewed.csv: expected lines as export-review writes them, found an empty file"),
      (
        "id,verdict\n1,accept\n",
        "reviewed.csv, line 1: expected the columns 'row' and 'verdict' with commas, semicolons or tabs between the "
          + "columns, found id, verdict"
      ),
      ("row,verdict,q,q\n", "reviewed.csv, line 1: expected each column once, found 'q' twice"),
      (
        "row,verdict\n\(Self.id),accept,more\n",
        "reviewed.csv, line 2: expected at most 2 fields as there are columns, found 3"
      ),
      (
        "row,verdict,a\n\(Self.id),accept,\"open\n",
        "reviewed.csv, line 2: unclosed quote: expected a closing quotation mark for the one in line 2, found the end of the "
          + "file: what is between, up to line 3, is lost"
      ),
    ] {
      let error = await #expect(throws: StageError.self) { try await sheet(text) }
      #expect(error?.description == says)
    }
  }

  @Test func aRowThatIsNotJudgedFailsForTheFileToo() async throws {
    let stage = try ReadReview(.init(file: try file("{\n")), in: Bench.nowhere)
    for _ in 0..<2 {
      await #expect(throws: StageError.self) { try await stage.process(Columns(["other": 1])) }
    }
  }

  @Test func linesOfRowsThatWereNotExportedAreTold() async throws {
    _ = try file(line([:]), "review.jsonl")
    let said = Mutex<[String]>([])
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(),
      sets: ["review": RowSet([Row(["path": "review.jsonl", "sha256": "", "rows": 1])])],
      say: { words in said.withLock { $0.append(words) } })
    let text = line(["verdict": "accept"]) + line(["verdict": "accept"], id: "r_1") + line([:], id: "r_2")
    let stage = try ReadReview(.init(file: try file(text)), in: workspace)
    for _ in 0..<2 { _ = try await stage.process(Columns(Self.row)) }
    #expect(
      said.withLock(\.self) == [
        "the reviewed file has lines for 2 rows that the export does not have, which are passed over: 'r_1' in line 2 is the first"
      ])
  }

  @Test(
    arguments: [
      ("r.txt", nil, "file: expected a name that ends in .csv or .jsonl, found 'r.txt'"),
      ("r.jsonl", [], "edit: expected at least one column, found none"),
      ("r.jsonl", ["note"], "edit: expected columns of the rows, found 'note', which is the file's own"),
    ] as [(String, [String]?, String)])
  func whatCannotBeReviewedIsAMistake(path: String, edit: [String]?, says: String) {
    let error = #expect(throws: StageError.self) {
      try ReadReview(.init(file: AwaitedFiles(path: path, file: nil), edit: edit), in: Bench.nowhere)
    }
    #expect(error?.description == says)
  }
}
