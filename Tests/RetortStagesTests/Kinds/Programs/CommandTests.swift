import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

private typealias B = ProgramBench

@Suite struct CommandTests {
  private static let unanswered = "expected an answer for the row: "

  @Test(
    arguments: [
      ("say(asked, columns={'label': [1, {'a': None}]}); continue", #"{"label":[1,{"a":null}]}"#),
      ("say(asked, rows=[{'label': 1}, {'label': 2}]); continue", #"{"label":1} {"label":2}"#),
      ("say(asked, rows=[]); continue", "dropped: no rows, the program answered with none"),
      ("say(asked, drop='too long', detail='9 words'); continue", "dropped: too long, 9 words"),
      ("say(asked, drop='too long'); continue", "dropped: too long, "),
      ("say(asked, error='no such page'); continue", "the program says: no such page"),
      ("say(asked, columns={}); continue", "expected the column 'label', found none"),
      ("say(asked, columns=[]); continue", "expected an object of columns, found a list"),
      (
        "say(asked, columns={'label': 1, 'x': 2}); continue",
        "expected the columns that 'adds:' and 'may_add:' name (label), found 'x'"
      ),
      (
        "say(asked); continue",
        "expected one of 'columns', 'rows', 'drop' and 'error' in the answer, found none"
      ),
      (
        "say(asked, drop='a', error='b'); continue",
        "expected one of 'columns', 'rows', 'drop' and 'error' in the answer, found drop and error"
      ),
      (
        "say(asked, drop=''); continue",
        "expected a reason of 1 to 100 characters under 'drop', to count by, with what the row did under 'detail'"
      ),
      ("sys.exit(3)", unanswered + "it ended with status 3"),
      ("sys.exit(0)", unanswered + "it ended with status 0"),
      (
        "sys.stderr.write('a\\n\\nb\\n'); sys.exit(1)",
        unanswered + "it ended with status 1; its last words: a / b"
      ),
      ("os.kill(os.getpid(), 9)", unanswered + "it ended by signal 9"),
    ]) func whatARowBecomesIsItsOwn(odd: String, fate: String) async throws
  {
    let bench = try B(B.answering(oddly: odd))
    #expect(try await bench.fates() == B.expected(fate))
    #expect(bench.told == [])
  }

  @Test func whatIsNoJSONIsItsOwnRows() async throws {
    let bench = try B(
      B.answering(oddly: #"print('{"id": %d, "columns": {"label": NaN}}' % asked["id"]); continue"#))
    #expect(
      try await bench.fates(of: 5..<6) == [
        Self.unanswered + "it wrote what is no JSON: line 1, column 32: expected a JSON value, found 'NaN}}'"
      ])
  }

  /// The first try is among others, the second alone.
  @Test(arguments: [1, 4, 10]) func whatKillsItIsTriedOnceMoreAndAlone(inFlight: Int) async throws {
    let bench = try B(B.answering(oddly: "open('seen', 'a').write('x')\nsys.exit(1)"))
    #expect(
      try await bench.fates(inFlight: inFlight) == B.expected(Self.unanswered + "it ended with status 1"))
    let seen = try Data(contentsOf: bench.folder.appending(path: "seen")).count
    #expect(seen == 2 || seen == 3)
  }

  @Test func whatDiesOnceIsAnswered() async throws {
    let bench = try B(
      B.answering(oddly: "if not os.path.exists('died'): open('died', 'w').close(); os.kill(os.getpid(), 9)"))
    #expect(try await bench.fates() == (0..<10).map { #"{"label":\#($0)}"# })
    #expect(bench.starts == 2)
  }

  /// One that ends after each answer is no one's fault.
  @Test func aProgramForOneRow() async throws {
    let bench = try B(B.answering() + "\n  sys.exit(0)")
    #expect(try await bench.fates() == (0..<10).map { #"{"label":\#($0)}"# })
  }

  @Test(arguments: ["time.sleep(100)", "continue"]) func aRowHasItsTime(odd: String) async throws {
    let bench = try B(B.answering(oddly: odd))
    #expect(
      try await bench.fates(of: 5..<6, bench.keys(timeout: 3))
        == [Self.unanswered + "no answer came within 3 s"])
  }

  @Test func aLineHasItsLength() async throws {
    let bench = try B(B.answering(oddly: "while True: sys.stdout.write('x' * 4096)"))
    #expect(
      try await bench.fates(bench.keys(maxLine: 10_000))
        == B.expected(Self.unanswered + "it wrote a line of more than 10000 bytes"))
  }

  @Test func answersComeInAnyOrder() async throws {
    let bench = try B(
      """
      held = []
      for line in sys.stdin:
        held.append(json.loads(line))
        if len(held) == 2:
          for asked in reversed(held): print(json.dumps({"id": asked["id"], "columns": {"label": asked["row"]["n"]}}))
          held = []
      """)
    #expect(try await bench.fates(inFlight: 4) == (0..<10).map { #"{"label":\#($0)}"# })
  }

  @Test func theFirstOfTwoAnswersCounts() async throws {
    let bench = try B(B.answering(oddly: "say(asked, columns={'label': 'first'})"))
    #expect(try await bench.fates() == B.expected(#"{"label":"first"}"#))
    #expect(
      bench.told == ["'./step.py \(bench.folder.path)': it answered a request again; the first answer counts"]
    )
  }

  /// Once it has answered, what is no answer is told once and left out of account.
  @Test func whatIsNoAnswerIsTold() async throws {
    let bench = try B(B.answering(oddly: "print('working'); print('{\"id\": 999}'); print(); print('[]')"))
    #expect(
      try await bench.fates(of: 3..<8, inFlight: 1) == B.expected(#"{"label":5}"#, of: 3..<8))
    #expect(
      bench.told == [
        "'./step.py \(bench.folder.path)': it wrote lines that are no answers, the first of them 'working'"
      ])
  }

  /// It reads all before it writes, or writes much before it reads: neither waits for the other.
  @Test func fullPipesHoldNobodyUp() async throws {
    let much = "'x' * 3_000_000"
    let bench = try B(
      B.answering(
        oddly: "say(asked, columns={'label': \(much)}); continue", before: "sys.stderr.write(\(much))")
    )
    let stage = try CommandStage(.init(bench.keys()), in: bench.workspace())
    let long = String(repeating: "y", count: 3_000_000)
    try await withThrowingTaskGroup(of: Int.self) { group in
      for n in 0..<8 {
        group.addTask {
          guard
            case .emit(let rows) = try await stage.process(
              Columns(["n": 5, "k": .int(Int64(n)), "text": .string(long)]))
          else { return 0 }
          return rows.first?["label"]?.string?.count ?? 0
        }
      }
      for try await length in group { #expect(length == 3_000_000) }
    }
  }

  // MARK: What stops the run

  @Test(
    arguments: [
      (
        "print('Loading')\ntime.sleep(100)",
        "expected of './step.py FOLDER' lines with the ids of requests, found 'Loading', which belongs on standard error; mend that, then resume"
      ),
      (
        "sys.exit('no torch')",
        "expected answers of './step.py FOLDER', found none for 5 requests in a row, the last since it ended with status 1; its last words: no torch; mend that, then resume"
      ),
    ]) func aProgramThatCannotAnswerParksTheRun(source: String, words: String) async throws
  {
    let bench = try B(source)
    let fates = try await bench.fates()
    #expect(fates.contains("parked: " + words.replacing("FOLDER", with: bench.folder.path)))
    #expect(bench.starts <= 10)
  }

  @Test func aProgramThatHasChangedParksTheRun() async throws {
    let bench = try B(B.answering())
    var keys = try bench.keys()
    keys.files = [
      DataFile(path: "x.bin", url: bench.folder.appending(path: "step.py"), digest: Digest(of: ""))
    ]
    let stage = try CommandStage(.init(keys), in: bench.workspace())
    let halt = await #expect(throws: Halt.self) { try await stage.process(Columns(["n": 1])) }
    #expect(halt?.reason == .parked)
    #expect(halt?.message.contains("'x.bin' as it was when the run began, found it changed") == true)
  }

  // MARK: What it sees, and what is left of it

  @Test func itIsStartedWhenARowComesAndInTheFoldersPlace() async throws {
    let bench = try B(
      """
      open("starts", "a").write("x")
      for line in sys.stdin:
        asked = json.loads(line)
        seen = [os.path.realpath(os.getcwd()) == os.path.realpath(sys.argv[1]), sorted(asked), asked["row"],
                os.environ.get("MY_KEY"), os.environ.get("OTHER_KEY"), os.environ.get("TEACHER"), os.environ.get("PLAIN")]
        print(json.dumps({"id": asked["id"], "columns": {"label": seen}}))
      """)
    let keys = try bench.keys(mayAdd: ["note"], columns: ["text", "gone"], env: ["MY_KEY"])
    let environment = [
      "PATH": "/usr/bin:/bin", "MY_KEY": "m", "OTHER_KEY": "o", "TEACHER": "t", "PLAIN": "p",
    ]
    var teacher = ModelSpec(alias: "a", name: "a")
    teacher.apiKeyEnv = "TEACHER"
    let stage = try CommandStage(.init(keys), in: bench.workspace(environment, models: [teacher]))
    #expect(bench.starts == 0)
    #expect(
      try await stage.process(Columns(["n": 1, "text": "é\n"]))
        == .emit([
          Columns([
            "label": [true, ["id", "row"], ["text": "é\n", "gone": nil], "m", nil, nil, "p"], "note": nil,
          ])
        ]))
    #expect(stage.reads.map(\.name) == ["text", "gone"])
    #expect(stage.adds == ["label", "note"])
  }

  /// Its group is killed with it, and it when nobody needs it any more.
  @Test func nothingIsLeftBehind() async throws {
    let bench = try B(
      """
      import subprocess
      child = subprocess.Popen(["sleep", "600"])
      for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"id": asked["id"], "columns": {"label": [os.getpid(), child.pid]}}))
      time.sleep(600)
      """)
    var pids: [pid_t] = []
    do {
      let stage = try CommandStage(.init(bench.keys()), in: bench.workspace())
      guard case .emit(let rows) = try await stage.process(Columns(["n": 1])) else { return }
      pids = (rows.first?["label"]?.array ?? []).compactMap(\.int).map { pid_t($0) }
    }
    #expect(pids.count == 2)
    // The guardian leaves it four seconds.
    for _ in 0..<100 where pids.contains(where: Self.lives) { try await Task.sleep(for: .milliseconds(100)) }
    #expect(pids.filter(Self.lives) == [])
  }

  private static func lives(_ pid: pid_t) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
    return stat.split(separator: " ").dropFirst(2).first != "Z"
  }

  @Test func aRowThatIsNoLongerWantedIsNotWaitedFor() async throws {
    let bench = try B(B.answering(oddly: "time.sleep(100)"))
    let stage = try CommandStage(.init(bench.keys(timeout: 100), inFlight: 1), in: bench.workspace())
    let asked = Task { try await stage.process(Columns(["n": 5])) }
    while bench.starts == 0 { await Task.yield() }
    asked.cancel()
    await #expect(throws: CancellationError.self) { try await asked.value }
  }

  // MARK: The key

  @Test func theContentIsInTheKeyAndWhatBoundsItIsNot() throws {
    let bench = try B("pass")
    try FileManager.default.copyItem(
      at: bench.folder.appending(path: "step.py"), to: bench.folder.appending(path: "moved.py"))
    func key(_ with: JSON) throws -> JSON {
      let decoder = JSONDecoder()
      decoder.userInfo[.folder] = bench.folder
      return try JSON(encoding: try decoder.decode(CommandStage.Config.self, from: Data(with.text.utf8)))
    }
    let plain = try key(["run": ["./step.py", "a"], "adds": ["label"]])
    let digest = try DataFileDigest.of(bench.folder.appending(path: "step.py"))
    let all: JSON = [
      "run": [.string(digest), "a"], "files": nil, "columns": nil, "adds": ["label"], "may_add": nil,
    ]
    #expect(plain == all)
    #expect(try key(["run": ["./moved.py", "a"], "adds": ["label"]]) == plain)
    #expect(
      try key([
        "run": ["./step.py", "a"], "adds": ["label"], "timeout": 1, "in_flight": 2, "max_line": 5,
        "env": ["A"],
      ]) == plain)
    #expect(
      try key(["run": ["python3", "-u", "./step.py", "x"], "files": ["moved.py"]])
        == [
          "run": ["python3", "-u", .string(digest), "x"], "files": [.string(digest)], "columns": nil,
          "adds": nil,
          "may_add": nil,
        ])
    try bench.write("other")
    #expect(try key(["run": ["./step.py", "a"], "adds": ["label"]]) != plain)
  }

  @Test func mistakesOfTheKeys() throws {
    let bench = try B("pass")
    let keys = try bench.keys(
      adds: ["a", "a"], mayAdd: ["a", "b"], columns: ["c", "c"], timeout: 0, maxLine: 0)
    let errors = #expect(throws: StageErrors.self) { try CommandStage(.init(keys), in: bench.workspace()) }
    #expect(
      errors?.all.map(\.description) == [
        "adds: expected each column once, found 'a' twice",
        "may_add: expected each column once, found 'a' twice",
        "columns: expected each column once, found 'c' twice", "timeout: expected seconds above 0, found 0.0",
        "max_line: expected 1 to 150000000 bytes, found 0",
      ])
    #expect(throws: StageError.self) {
      try CommandStage(.init(bench.keys(), inFlight: 0), in: bench.workspace())
    }
  }
}

private enum DataFileDigest {
  static func of(_ url: URL) throws -> String { "\(Digest(of: try Data(contentsOf: url)))" }
}
