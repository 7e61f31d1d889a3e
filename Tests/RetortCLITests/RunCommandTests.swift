import Foundation
import RetortTestSupport
import Testing

@testable import RetortCLI

@Suite struct RunCommandTests {
  @Test func whatIsNotDoneIsDoneAndNothingIsPaidTwice() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "run p.yaml",
      says: """
        run 1
        questions: 3 done, kept 3
        answers: 3/3 done, kept 3
        numbers: 3/3 done, kept 2, dropped 1
        out: 2/2 done, kept 2
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       0     3
        answers     3        3        0       0        0       0     3
        numbers     3        2        1       0        0       0     2
        out         2        2        0       0        0       0     1
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        numbers dropped: reply not matches [0-9]+ 1
        calls: 3 made, 0 remembered, 0 failed
        tokens: 36 prompt, 15 completion; USD 0.0002
        wrote out/answers.jsonl (2 rows)
        complete in 0.0 s
        """)
    #expect(
      try desk.read("out/answers.jsonl") == """
        {"question":"What is 2 + 2?","reply":"4"}
        {"question":"What is 3 * 3?","reply":"9"}

        """)
    try await desk.expectCommand(
      "run p.yaml",
      says: """
        run 2
        questions: 3 done, kept 3
        answers: 3/3 done, kept 3
        numbers: 3/3 done, kept 2, dropped 1
        out: 2/2 done, kept 2
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       3     3
        answers     3        3        0       0        0       3     3
        numbers     3        2        1       0        0       3     2
        out         2        2        0       0        0       2     1
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        numbers dropped: reply not matches [0-9]+ 1
        calls: 0 made, 0 remembered, 0 failed
        tokens: 0 prompt, 0 completion; USD 0.0000
        unchanged out/answers.jsonl (2 rows)
        complete in 0.0 s
        """)
    #expect(desk.calls == 3)
  }

  @Test func partOfTheRowsAndPartOfTheStages() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "run p.yaml --limit 1",
      says: """
        run 1
        questions: 3 done, kept 3
        answers: 1/1 done, kept 1
        numbers: 1/1 done, kept 1
        out: 1/1 done, kept 1
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       0     1
        answers     1        1        0       0        0       0     1
        numbers     1        1        0       0        0       0     1
        out         1        1        0       0        0       0     1
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 1 made, 0 remembered, 0 failed
        tokens: 12 prompt, 5 completion; USD 0.0001
        wrote out/answers.limited.jsonl (1 rows)
        complete in 0.0 s
        """)
    try await desk.expectCommand(
      "run p.yaml --only answers --set stages.answers.with.temperature=0.5",
      says: """
        run 2
        questions: 3 done, kept 3
        answers: 3/3 done, kept 3
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       3     3
        answers     3        3        0       0        0       0     3
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 3 made, 0 remembered, 0 failed
        tokens: 36 prompt, 15 completion; USD 0.0002
        complete in 0.0 s
        """)
    #expect(desk.calls == 4)
  }

  @Test func rowsThatFailAreToldAndGoneOnWith() async throws {
    let desk = try Desk(answer: Desk.refusing("Who are you?"))
    try await desk.expectCommand(
      "run p.yaml --store other.sqlite",
      says: """
        run 1
        questions: 3 done, kept 3
        answers: failed: server (HTTP 500): no
        answers: 3/3 done, kept 2, failed 1
        numbers: 2/2 done, kept 2
        out: 0/2 done, kept 0
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       0     3
        answers     3        2        0       1        0       0     2
        numbers     2        2        0       0        0       0     2
        out         2        0        0       0        2       0     0
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 2 made, 0 remembered, 1 try failed
        tokens: 31 prompt, 1034 completion; USD 0.0083; 1031 of the tokens are an estimate, of tries that failed and that the endpoint may charge
        incomplete in 0.0 s
        go on with: retort resume 1 --store other.sqlite
        """, exits: 3)
  }

  @Test func aBudgetStopsIt() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "run p.yaml --max-tokens 1000",
      says: """
        run 1
        questions: 3 done, kept 3
        stopping (budget): budget: the call may take 1032 tokens; with 0 spent that is over 1000
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       0     3
        answers     3        0        0       0        3       0     0
        numbers     0        0        0       0        0       0     0
        out         0        0        0       0        0       0     0
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 0 made, 0 remembered, 0 failed
        tokens: 0 prompt, 0 completion; USD 0.0000
        budget in 0.0 s
        stopped: budget: the call may take 1032 tokens; with 0 spent that is over 1000
        go on with: retort resume 1 and a larger --max-usd or --max-tokens
        """, exits: 4)
    #expect(desk.calls == 0)
  }

  @Test func aSummaryForPrograms() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "run p.yaml --only questions --json",
      prints: """
        {"run":1,"pipeline":"p","status":"complete","stages":{"questions":{"in":3,"emitted":3,"dropped":0,"failed":0,"pending":0,"reused":0,"rows":3,"left_out":0}},"calls":{"made":0,"remembered":0,"failed":0,"usd":0.0,"unpriced":0,"prompt_tokens":0,"completion_tokens":0,"estimated_tokens":0},"seconds":0.0,"exports":[],"refused":0,"kept":[],"stopped":null,"passed_over":0}
        """,
      says: """
        run 1
        questions: 3 done, kept 3
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       0     3
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 0 made, 0 remembered, 0 failed
        tokens: 0 prompt, 0 completion; USD 0.0000
        complete in 0.0 s
        """)
  }

  @Test func mistakesInTheLine() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "run",
      says: """
        Error: Missing expected argument '<file>'
        Help:  <file>  The pipeline file.
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run q.yaml", says: "q.yaml:1:1: expected a readable pipeline file, found none", exits: 2)
    try await desk.expectCommand(
      "run p.yaml --limit 0",
      says: """
        Error: expected --limit of at least 1, found 0
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --limit 1 --sample 2",
      says: """
        Error: expected --limit or --sample, found both: one takes the first rows, the other takes rows by chance
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --seed 2",
      says: """
        Error: expected --sample with --seed, found none
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --sample 0",
      says: """
        Error: expected --sample of at least 1, found 0
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --sample 1 --redo answers",
      says: """
        Error: expected --redo without --sample, since redoing a stage gives up the answers of all its rows, and those beyond the sample would be asked for again later
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --limit 1 --redo answers",
      says: """
        Error: expected --redo without --limit, since redoing a stage gives up the answers of all its rows, and those beyond the limit would be asked for again later
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --only answer",
      says: """
        error: expected a stage of p (questions, answers, numbers, out) after --only, found 'answer'
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --redo answer",
      says: """
        error: expected a stage of p (questions, answers, numbers, out) after --redo, found 'answer'
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --max-usd nan",
      says: """
        Error: expected --max-usd of at least 0, found nan
        Usage: retort run [<options>] <file>
          See 'retort run --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --set stages.answer.with.seed=1",
      says: """
        --set stages.answer.with.seed=1:1:1: expected a path such as STAGE.KEY or MODEL.KEY, found 'stages.answer.with.seed' (did you mean 'answers'?)
        """, exits: 2)
    #expect(!FileManager.default.fileExists(atPath: desk.folder.appending(path: ".retort").path))
  }

  @Test func mistakesInTheFileAreToldTogether() async throws {
    let desk = try Desk([
      "p.yaml": """
      stages:
        questions: { uses: read-jsonl, with: { file: question.jsonl } }
        answers: { uses: generat, from: questions }
        out: { uses: export-jsonl, from: answer, with: { file: out/answers.jsonl } }

      """
    ])
    try await desk.expectCommand(
      "run p.yaml",
      says: """
        p.yaml:2:48: expected a readable file, found none at 'question.jsonl' (question.jsonl)
        p.yaml:3:20: expected a stage kind (see 'retort stages'), found 'generat' (did you mean 'generate'?)
        p.yaml:4:36: expected a stage of this file, found 'answer' (did you mean 'answers'?)
        """, exits: 2)
  }

  @Test func aBudgetInUSDNeedsPrices() async throws {
    let desk = try Desk([
      "p.yaml": Desk.project["p.yaml"]!.replacing(", price: { input: 2, output: 8 }", with: "")
    ])
    try await desk.expectCommand(
      "run p.yaml --max-usd 1",
      says: """
        error: --max-usd needs the price of every model that would be called, found none for teacher; add price: { input: …, output: … } (USD per million tokens) to the file, 0 where calls are free
        """, exits: 2)
  }

  @Test func aFileThatIsNotOursIsNotWrittenOver() async throws {
    let desk = try Desk(["out/answers.jsonl": "mine\n"])
    try await desk.expectCommand(
      "run p.yaml",
      says: """
        error: out: expected 'out/answers.jsonl' to be free, or a file that retort wrote, found a file that retort has no record of; name another path, or move what is there away
        """, exits: 2)
    #expect(try desk.read("out/answers.jsonl") == "mine\n")
  }

  @Test func aKeyThatIsNotSetStopsItBeforeTheFirstCall() async throws {
    let desk = try Desk([
      "p.yaml": Desk.project["p.yaml"]!.replacing("name: gpt,", with: "name: gpt, api_key_env: TEACHER_KEY,")
    ])
    try await desk.expectCommand(
      "run p.yaml",
      says: """
        run 1
        questions: 3 done, kept 3
        stopping (parked): parked: expected the key of model 'teacher' in the environment variable TEACHER_KEY, found it unset; set it, then resume
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       0     3
        answers     3        0        0       0        3       0     0
        numbers     0        0        0       0        0       0     0
        out         0        0        0       0        0       0     0
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 0 made, 0 remembered, 0 failed
        tokens: 0 prompt, 0 completion; USD 0.0000
        parked in 0.0 s
        stopped: parked: expected the key of model 'teacher' in the environment variable TEACHER_KEY, found it unset; set it, then resume
        go on with: retort resume 1
        """, exits: 5)
    #expect(desk.calls == 0)
  }

  @Test func placesWhereNoStoreCanBe() async throws {
    let desk = try Desk(["file": "no folder"])
    try await desk.expectCommand(
      "run p.yaml --store file/store.sqlite",
      says: """
        error: expected a store at 'file/store.sqlite', found that it cannot be used (Not a directory)
        """, exits: 2)
    try await desk.expectCommand(
      "run p.yaml --store file",
      says: """
        error: expected a store at 'file', found a file that is no SQLite database; move it away, or name another store with --store
        """, exits: 1)
    try await desk.expectCommand(
      "run p.yaml --store /proc/none/store.sqlite",
      says: """
        error: expected a store at '/proc/none/store.sqlite' that can be written, found that it cannot (No such file or directory)
        """, exits: 1)
  }
}
