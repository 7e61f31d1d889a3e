import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportJSONLTests {
  let folder: URL
  let workspace: Workspace
  init() throws {
    folder = try Bench.folder()
    workspace = Workspace(folder: folder, models: ScriptedProvider())
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: folder.appending(path: path), encoding: .utf8)
  }

  @Test func everyLineHasEveryColumnInOneType() async throws {
    let stage = try ExportJSONL(.init(file: "out/a.jsonl"), in: workspace)
    let answers = try await Bench.answers(
      of: stage, to: [["q": "é\n", "reward": 1], ["reward": 0.25, "q": "b", "more": ["x"]]])
    let lines = """
      {"q":"é\\n","reward":1.0,"more":null}
      {"q":"b","reward":0.25,"more":["x"]}

      """
    #expect(try text("out/a.jsonl") == lines)
    let hash = Digest(of: lines).hex
    #expect(
      try text("out/a.jsonl.manifest.json") == """
        {"rows":2,"sha256":"\(hash)","complete":true,"pipeline":null,"columns":[{"name":"q","type":"string"},\
        {"name":"reward","type":"double"},{"name":"more","type":"list of string"}]}

        """)
    #expect(
      answers == [
        .make(
          [
            "path": "out/a.jsonl", "sha256": .string(hash), "rows": 2,
          ], members: [0, 1])
      ])
  }

  @Test func aNameThatSaysSoIsPacked() async throws {
    let rows = (0..<5000).map { JSON.object(["n": .int($0), "text": "some words"]) }
    let written = try await Bench.answers(of: ExportJSONL(.init(file: "a.jsonl.gz"), in: workspace), to: rows)
    let file = try DataFile("a.jsonl.gz", in: folder)
    let text = rows.map { $0.text + "\n" }.joined()
    #expect(try file.contents(limit: .max) == Data(text.utf8))
    let size = try #require(FileManager.default.attributesOfItem(atPath: file.url.path)[.size] as? Int)
    #expect(size < text.utf8.count / 4)
    #expect(try Program.output(of: ["gzip", "-t", file.url.path]).status == 0)
    // The digest is the file's, as `sha256sum` says it, and the same text has the same one.
    let again = Workspace(folder: try Bench.folder(), models: ScriptedProvider())
    #expect(
      try await Bench.answers(of: ExportJSONL(.init(file: "a.jsonl.gz"), in: again), to: rows) == written)
    #expect(throws: StageError.self) { try ExportJSONL(.init(file: "a.jsonl.zst"), in: workspace) }
  }

  @Test func namedColumnsKeepTheirOrder() async throws {
    let stage = try ExportJSONL(.init(file: "a.jsonl", columns: ["b", "a"]), in: workspace)
    _ = try await Bench.answers(of: stage, to: [["a": 1, "b": 2, "c": 3]])
    #expect(try text("a.jsonl") == "{\"b\":2,\"a\":1}\n")
    #expect(stage.reads == [ColumnUse("b"), ColumnUse("a")])
  }

  @Test func aColumnOfSeveralTypesIsWrittenAsText() async throws {
    let rows: [JSON] = [["p": [1, "x"], "n": 1], ["p": "t"], ["p": nil, "n": 0.5]]
    let error = await #expect(throws: StageError.self) {
      try await Bench.answers(of: ExportJSONL(.init(file: "a.jsonl"), in: workspace), to: rows)
    }
    #expect(error?.description.contains("write it as JSON text with 'as_json: [p]'") == true)
    #expect(error?.needsEdit == true)
    _ = try await Bench.answers(
      of: ExportJSONL(.init(file: "a.jsonl", asJSON: ["p"]), in: workspace), to: rows)
    #expect(
      try text("a.jsonl") == #"""
        {"p":"[1,\"x\"]","n":1.0}
        {"p":"\"t\"","n":null}
        {"p":null,"n":0.5}

        """#)
    #expect(throws: StageError("as_json: expected columns that 'columns:' names (n), found 'p'")) {
      try ExportJSONL(.init(file: "a.jsonl", columns: ["n"], asJSON: ["p"]), in: workspace)
    }
  }

  @Test func noRowsLeaveOnlyAManifest() async throws {
    let answers = try await Bench.answers(of: ExportJSONL(.init(file: "a.jsonl"), in: workspace), to: [])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.jsonl.manifest.json"])
    let manifest = "{\"rows\":0,\"sha256\":null,\"complete\":true,\"pipeline\":null,\"columns\":[]}\n"
    #expect(try text("a.jsonl.manifest.json") == manifest)
    #expect(
      answers == [
        .make(
          ["path": "a.jsonl.manifest.json", "sha256": .string(Digest(of: manifest).hex), "rows": 0],
          members: [])
      ])
  }

  @Test func aColumnOfTwoTypesIsAnErrorAndLeavesNoFile() async throws {
    let stage = try ExportJSONL(.init(file: "a.jsonl"), in: workspace)
    await #expect(throws: StageError.self) {
      try await Bench.answers(of: stage, to: [["a": "x"], ["a": ["x"]]])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func aPathIsKeptAsSeenFromThePipelineUnlessItIsAbsolute() async throws {
    let elsewhere = try Bench.folder().appending(path: "b.jsonl").standardizedFileURL.path
    for (file, expected) in [("../x/a.jsonl", "../x/a.jsonl"), (elsewhere, elsewhere)] {
      let answers = try await Bench.answers(of: ExportJSONL(.init(file: file), in: workspace), to: [["a": 1]])
      guard case .make(let row, _)? = answers.first else { throw StageError("made no row") }
      #expect(row["path"]?.string == expected)
    }
  }

  @Test func aLimitedRunWritesBesideTheName() async throws {
    let limited = Workspace(folder: folder, models: ScriptedProvider(), exportSuffix: ".limited")
    _ = try await Bench.answers(of: try ExportJSONL(.init(file: "a.jsonl"), in: limited), to: [["a": 1]])
    #expect(try text("a.limited.jsonl") == "{\"a\":1}\n")
  }
}
