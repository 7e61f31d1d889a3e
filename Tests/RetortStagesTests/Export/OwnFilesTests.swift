import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

/// What may be replaced, what is kept, and what stays untouched.
struct OwnFilesTests {
  private let folder: URL
  private let ledger = MemoryLedger()

  init() throws { folder = try Bench.folder() }

  private func stage(allowEmpty: Bool? = nil, ledger: MemoryLedger? = nil) throws -> ExportJSONL {
    try ExportJSONL(
      .init(file: "a.jsonl", allowEmpty: allowEmpty),
      in: Workspace(folder: folder, models: ScriptedProvider(), ledger: ledger ?? self.ledger))
  }

  private func write(_ rows: [JSON], _ stage: ExportJSONL) async throws {
    _ = try await Bench.answers(of: stage, to: rows)
  }

  private func place(_ text: String, _ name: String) throws {
    try text.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
  }

  /// Every file of the folder with its text, links as what they lead to.
  private var files: [String: String] {
    get throws {
      let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      return Dictionary(
        uniqueKeysWithValues: names.compactMap { name in
          (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)).map { (name, $0) }
        })
    }
  }

  private static let one = "{\"a\":1}\n"
  private static let two = "{\"a\":2}\n"
  private static func manifest(_ text: String) -> String {
    "{\"rows\":1,\"sha256\":\"\(Digest(of: text).hex)\",\"complete\":true,\"pipeline\":null,"
      + "\"columns\":[{\"name\":\"a\",\"type\":\"int\"}]}\n"
  }
  private static let empty =
    "{\"rows\":0,\"sha256\":null,\"complete\":true,\"pipeline\":null,\"columns\":[]}\n"

  @Test func theManifestAloneMakesAFileOnesOwn() async throws {
    try await write([["a": 1]], stage())
    try await write([["a": 2]], stage(ledger: MemoryLedger()))
    #expect(try files == ["a.jsonl": Self.two, "a.jsonl.manifest.json": Self.manifest(Self.two)])
  }

  @Test func theLedgerAloneMakesAFileOnesOwn() async throws {
    try await write([["a": 1]], stage())
    try FileManager.default.removeItem(at: folder.appending(path: "a.jsonl.manifest.json"))
    try await write([["a": 2]], stage())
    #expect(try files == ["a.jsonl": Self.two, "a.jsonl.manifest.json": Self.manifest(Self.two)])
  }

  @Test func whatSomebodyChangedIsKeptUnderTheFirstFreeName() async throws {
    try await write([["a": 1]], stage())
    try place("{\"a\":\"by hand\"}\n", "a.jsonl")
    try place("another's\n", "a.jsonl.was-1")
    symlink("/nonexistent", folder.path + "/a.jsonl.was-2")
    try await write([["a": 2]], stage())
    #expect(
      try files == [
        "a.jsonl": Self.two, "a.jsonl.manifest.json": Self.manifest(Self.two),
        "a.jsonl.was-1": "another's\n", "a.jsonl.was-3": "{\"a\":\"by hand\"}\n",
      ])
    let path = folder.standardizedFileURL.path + "/a.jsonl"
    #expect(ledger.kept == [KeptFile(path: path, keptAs: path + ".was-3")])
  }

  @Test func aBrokenManifestIsKeptToo() async throws {
    try await write([["a": 1]], stage())
    try place("{\"rows\":1", "a.jsonl.manifest.json")
    try await write([["a": 2]], stage())
    #expect(
      try files == [
        "a.jsonl": Self.two, "a.jsonl.manifest.json": Self.manifest(Self.two),
        "a.jsonl.manifest.json.was-1": "{\"rows\":1",
      ])
  }

  @Test(arguments: ["a.jsonl", "a.jsonl.manifest.json"], ["file", "folder", "link", "pipe"])
  func whatRetortDidNotMakeStays(name: String, kind: String) async throws {
    let path = folder.standardizedFileURL.path + "/" + name
    let precious = folder.appending(path: "precious.txt").path
    try place("precious", "precious.txt")
    let found: String
    switch kind {
    case "file":
      try place("notes", name)
      found =
        name == "a.jsonl" ? "a file that retort has no record of" : "a file that is no manifest of retort's"
    case "folder":
      mkdir(path, 0o755)
      try place("deep", name + "/deep.txt")
      found = "a folder"
    case "link":
      symlink(precious, path)
      found = "a link to '\(precious)'"
    default:
      mkfifo(path, 0o644)
      found = "a pipe"
    }
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let words = StageError(
      "expected '\(path)' to be free, or a file that retort wrote, found \(found); "
        + "name another path, or move what is there away"
    )
    for rows in [[], [["a": 1]]] as [[JSON]] {
      for allowEmpty in [nil, true] {
        await #expect(throws: words) { try await write(rows, stage(allowEmpty: allowEmpty)) }
      }
    }
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == names)
    #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious")
  }

  @Test func anotherExportsManifestIsNoRoomForRows() async throws {
    try place(Self.manifest("x"), "a.jsonl")
    await #expect(throws: StageError.self) { try await write([["a": 1]], stage()) }
    #expect(try files == ["a.jsonl": Self.manifest("x")])
  }

  @Test func anExportThatHasShrunkToNoneKeepsTheEarlierFile() async throws {
    try await write([["a": 1]], stage())
    let before = try files
    let path = folder.standardizedFileURL.path + "/a.jsonl"
    await #expect(
      throws: StageError(
        "'\(path)' has 1 row of an earlier run; now there are none; the earlier file stays; `allow_empty: true` "
          + "replaces it")
    ) { try await write([], stage()) }
    #expect(try files == before)

    try place("{\"a\":\"by hand\"}\n", "a.jsonl")
    try await write([], stage(allowEmpty: true))
    #expect(try files == ["a.jsonl.manifest.json": Self.empty, "a.jsonl.was-1": "{\"a\":\"by hand\"}\n"])
    try await write([], stage())
    #expect(try files == ["a.jsonl.manifest.json": Self.empty, "a.jsonl.was-1": "{\"a\":\"by hand\"}\n"])
    try await write([["a": 2]], stage())
    try await write([], stage(allowEmpty: true))
    #expect(try files == ["a.jsonl.manifest.json": Self.empty, "a.jsonl.was-1": "{\"a\":\"by hand\"}\n"])
  }

  // MARK: Folders

  private static let pair: JSON = ["prompt": "p", "chosen": "c", "rejected": "r"]
  private static let other: JSON = ["prompt": "p", "chosen": "d", "rejected": "r"]

  private func export(_ rows: [JSON], validation: [JSON]? = nil, allowEmpty: Bool? = nil) async throws {
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(),
      sets: validation.map { ["validation": Bench.rows($0)] } ?? [:], ledger: ledger)
    _ = try await Bench.answers(
      of: ExportPreferences(
        .init(folder: "out", formats: [.llamaFactory], allowEmpty: allowEmpty), in: workspace), to: rows)
  }

  private static let all = [
    "out/README.md", "out/dataset_info.json", "out/llama-factory-train.jsonl",
    "out/llama-factory-validation.jsonl", "out/manifest.json",
  ]

  @Test func aValidationSplitThatIsNoLongerWrittenGoes() async throws {
    try await export([Self.pair], validation: [Self.pair])
    #expect(try files.keys.sorted() == Self.all)
    try await export([Self.pair])
    #expect(try files.keys.sorted() == Self.all.filter { !$0.contains("validation") })

    try await export([Self.pair], validation: [Self.pair])
    try place("by hand", "out/llama-factory-validation.jsonl")
    try place("by hand", "out/README.md")
    try await export([Self.pair])
    #expect(try files["out/llama-factory-validation.jsonl"] == nil)
    #expect(try files["out/llama-factory-validation.jsonl.was-1"] == "by hand")
    #expect(try files["out/README.md.was-1"] == "by hand")
  }

  @Test(arguments: all)
  func aFolderExportTouchesNothingWhileOneOfItsFilesIsAnothers(name: String) async throws {
    try FileManager.default.createDirectory(
      at: folder.appending(path: "out"), withIntermediateDirectories: true)
    try place("mine", name)
    await #expect(throws: StageError.self) { try await export([Self.pair], validation: [Self.pair]) }
    #expect(try files == [name: "mine"])
  }

  @Test func afailedWalkLeavesTheEarlierFolder() async throws {
    try await export([Self.pair], validation: [Self.pair])
    let before = try files
    await #expect(throws: StageError.self) {
      try await export([Self.other], validation: [["prompt": "p", "chosen": "c", "rejected": "c"]])
    }
    #expect(try files == before)
  }

  @Test func aFolderThatHasShrunkToNoneStays() async throws {
    try await export([Self.pair], validation: [Self.pair])
    let before = try files
    // Rows that are all dropped are none.
    for rows in [[], [["prompt": "p", "chosen": "c", "rejected": "c"]]] as [[JSON]] {
      await #expect(throws: StageError.self) { try await export(rows, validation: [Self.pair]) }
      #expect(try files == before)
    }
    try await export([], validation: [Self.pair], allowEmpty: true)
    #expect(
      try files["out/manifest.json"] == #"{"rows":0,"complete":true,"pipeline":null,"files":[]}"# + "\n")
    #expect(try !files.keys.contains { $0.hasSuffix(".jsonl") })
  }

  @Test func everyFileThatIsWrittenWasDeclared() async throws {
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(), sets: ["validation": Bench.rows([Self.pair])])
    let stage = try ExportPreferences(.init(folder: "out"), in: workspace)
    _ = try await Bench.answers(of: stage, to: [Self.pair])
    #expect(
      try files.keys.sorted()
        == stage.writes.map { String($0.url.path.dropFirst(folder.standardizedFileURL.path.count + 1)) }
        .sorted())
  }
}
