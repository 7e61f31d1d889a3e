import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct TrainModelTests {
  /// Writes what it was told into a file of the folder, beside one that a trainer would write.
  private static let training = """
    out = os.environ["RETORT_OUT"] + "/adapter"
    os.makedirs(out + "/deep", exist_ok=True)
    told = {key: os.environ["RETORT_" + key].replace(os.getcwd(), ".") for key in ("FILES", "OUT", "ROUND", "SEED")}
    open(out + "/told.json", "w").write(json.dumps(told))
    open(out + "/deep/weights", "w").write("w")
    print("step 1: loss 2")
    print("step 2: loss 1")
    print(json.dumps({"name": "adapter", "revision": "r1", "path": out, "loss": 1.5, "steps": 2}))
    """

  private func answers(
    _ bench: ProgramBench, adds: [String]? = ["loss"], paths: [String] = ["a.jsonl", "b.jsonl"],
    seed: Int64? = 7,
    timeout: Double? = nil, round: Int = 1
  ) async throws -> [SetAnswer] {
    for path in paths where !path.contains("gone") {
      try Data("{}\n".utf8).write(to: bench.folder.appending(path: path))
    }
    let workspace = Workspace(
      folder: bench.folder, models: ScriptedProvider(), round: round, say: { bench.note($0) })
    let config = TrainModel.Config(
      run: ProgramLine(words: ["./step.py"]), folder: "out", seed: seed, adds: adds, timeout: timeout)
    return try await Bench.answers(
      of: TrainModel(config, in: workspace),
      to: paths.map { ["path": .string($0), "sha256": "x", "rows": 1] })
  }

  @Test func aRowOfWhatWasTrained() async throws {
    let bench = try ProgramBench(Self.training)
    let digest = try #require(
      try await answers(bench, round: 3).first.flatMap {
        if case .make(let row, _) = $0 { row["sha256"]?.string } else { nil }
      })
    let out = bench.folder.appending(path: "out/adapter")
    #expect(digest == (try FolderDigest.sha256(of: out)))
    #expect(
      try await answers(bench, round: 3) == [
        .make(
          [
            "name": "adapter", "revision": "r1", "path": "out/adapter", "sha256": .string(digest),
            "metrics": ["steps": 2], "loss": 1.5,
          ], members: [0, 1])
      ])
    #expect(bench.told == Array(repeating: ["step 1: loss 2", "step 2: loss 1"], count: 2).flatMap(\.self))
    let told = try JSON(parsing: String(contentsOf: out.appending(path: "told.json"), encoding: .utf8))
    #expect(told == ["FILES": "./a.jsonl\n./b.jsonl", "OUT": "./out", "ROUND": "3", "SEED": "7"])
  }

  @Test func withoutFilesNothingIsTrained() async throws {
    let bench = try ProgramBench("sys.exit(4)")
    #expect(try await answers(bench, paths: []) == [])
  }

  @Test(
    arguments: [
      ("sys.exit(4)", "the program ended with status 4"),
      (
        "sys.stderr.write('no torch'); sys.exit(4)",
        "the program ended with status 4; its last words: no torch"
      ),
      ("pass", "expected a line of JSON from the program, found none"),
      (
        "print('done')",
        "expected a line of JSON at the program's end, found 'done': line 1, column 1: expected a JSON value, found 'done'"
      ),
      ("print('[1]')", "expected an object in the program's last line, found '[1]'"),
      (
        #"print('{"name": "a", "path": "."}')"#,
        "expected a text under 'revision' in the program's last line, found none"
      ),
      (
        #"print('{"name": "a", "revision": 3, "path": "."}')"#,
        "expected a text under 'revision' in the program's last line, found 3"
      ),
      (
        #"print('{"name": "a", "revision": "r", "path": "."}')"#,
        "expected 'loss' in the program's last line, as 'adds:' says, found none"
      ),
      (
        #"print('{"name": "a", "revision": "r", "path": "no", "loss": 1}')"#,
        "expected what was trained at 'no', a file or a folder, found nothing there"
      ),
      ("time.sleep(100)", "the program took no row and wrote no line for 1.0 s"),
    ]) func whatIsWrongIsSaid(source: String, words: String) async throws
  {
    let bench = try ProgramBench(source)
    let error = await #expect(throws: StageError.self) {
      try await answers(bench, timeout: source.contains("sleep") ? 1 : 600)
    }
    #expect(error?.description == words)
  }

  @Test func aFileThatIsGoneIsSaid() async throws {
    let bench = try ProgramBench(Self.training)
    let error = await #expect(throws: StageError.self) { try await answers(bench, paths: ["gone.jsonl"]) }
    #expect(error?.description == "expected the file of an export at 'gone.jsonl', found nothing there")
  }

  @Test func columnsOfItsOwnAreRefused() throws {
    let config = TrainModel.Config(
      run: ProgramLine(words: ["./step.py"]), folder: " ", adds: ["loss", "loss", "revision"], timeout: 0)
    let errors = #expect(throws: StageErrors.self) {
      try TrainModel(config, in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider()))
    }
    let all = "adds: expected columns once, beside name, revision, path, sha256, metrics, found"
    #expect(
      errors?.all.map(\.description) == [
        "\(all) 'loss' again", "\(all) 'revision' again", "timeout: expected seconds above 0, found 0.0",
        "folder: expected a path, found none",
      ])
  }
}
