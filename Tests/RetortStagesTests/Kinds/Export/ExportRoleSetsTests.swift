import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportRoleSetsTests {
  private let row: JSON = [
    "question": "Q?", "answer": "a", "question_parsing": ["c1", "c2"], "cot": "S because E.",
    "cot_parsing": [["statement": "S", "evidence": "E", "Verification": "true"]], "extra": 1,
  ]

  private func export(_ config: ExportRoleSets.Config, _ rows: [JSON], validation: [JSON]? = nil) async throws
    -> (folder: URL, answers: [SetAnswer])
  {
    let folder = try Bench.folder()
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(),
      sets: validation.map { ["validation": Bench.rows($0)] } ?? [:])
    let answers = try await Bench.answers(of: ExportRoleSets(config, in: workspace), to: rows)
    return (folder.appending(path: config.folder, directoryHint: .isDirectory), answers)
  }

  private func files(in folder: URL) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.contains(".") }.sorted()
  }

  private func lines(_ url: URL) throws -> [JSON] {
    try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { try JSON(parsing: String($0)) }
  }

  @Test func everyFormatWritesItsFiles() async throws {
    let (folder, answers) = try await export(.init(folder: "out"), [row], validation: [row])
    let roles = ["cot_parsing", "cot_verification", "question_parsing"]
    let data = ["lim", "sft", "sft_trl"].flatMap { shape in
      roles.flatMap { role in ["train", "validation"].map { "\(shape)/\(role)-\($0).jsonl" } }
    }
    let recipes = roles.flatMap { ["train-axolotl-\($0).yaml", "train-llamafactory-\($0).yaml"] }
    let all =
      data + recipes
      + ["README.md", "dataset_info.json", "train-ms-swift.sh", "train_trl.py", "manifest.json"]
    #expect(try files(in: folder) == all.sorted())
    #expect(answers.count == all.count)
  }

  @Test func examplesOfEachRoleAreInOrder() async throws {
    let (folder, _) = try await export(.init(folder: "out", formats: [.messages]), [row])
    func targets(_ role: String) throws -> [String?] {
      try lines(folder.appending(path: "sft/\(role)-train.jsonl")).map {
        $0["messages"]?.array?[2]["content"]?.string
      }
    }
    let statements = #"["S"]"#
    let evidence = #"{"statement":"S","evidence":"E"}"#
    let verification = #"{"statement":"S","evidence":"E","Verification":"true"}"#
    #expect(try targets("question_parsing") == [#"["c1","c2"]"#])
    #expect(try targets("cot_parsing") == [statements, evidence, verification])
    #expect(try targets("cot_verification") == [evidence, verification, statements])
    #expect(try files(in: folder).filter { $0.hasSuffix(".jsonl") }.count == 3)
  }

  @Test func eachShapeHasItsOwnKeys() async throws {
    let instructions = RoleInstructions(questionParsing: TextFile(path: "p", text: "Parse."))
    let (folder, _) = try await export(
      .init(folder: "out", formats: [.trl, .msSwift], instructions: instructions), [row])
    let system: JSON = ["role": "system", "content": "Parse."]
    let user: JSON = ["role": "user", "content": "Question:\nQ?"]
    let answer: JSON = ["role": "assistant", "content": #"["c1","c2"]"#]
    #expect(
      try lines(folder.appending(path: "sft/question_parsing-train.jsonl")) == [
        ["messages": [system, user, answer]]
      ])
    #expect(
      try lines(folder.appending(path: "sft_trl/question_parsing-train.jsonl"))
        == [["prompt": [system, user], "completion": [answer]]])
    #expect(
      try lines(folder.appending(path: "lim/question_parsing-train.jsonl"))
        == [["system": "Parse.", "query": "Question:\nQ?", "response": #"["c1","c2"]"#]])
  }

  @Test func theManifestListsEveryFileWithItsHash() async throws {
    let (folder, _) = try await export(.init(folder: "out", formats: [.llamaFactory]), [row])
    let manifest = try JSON(
      parsing: String(contentsOf: folder.appending(path: "manifest.json"), encoding: .utf8))
    let listed = manifest["files"]?.array ?? []
    #expect(
      listed.compactMap { $0["path"]?.string }.sorted() + ["manifest.json"] == (try files(in: folder)).filter
      { $0 != "manifest.json" } + ["manifest.json"])
    for file in listed {
      let data = try Data(contentsOf: folder.appending(path: file["path"]?.string ?? ""))
      #expect(file["sha256"]?.string == Digest(of: data).hex)
    }
  }

  @Test func noRowsLeaveOnlyAManifest() async throws {
    let (folder, answers) = try await export(.init(folder: "out"), [], validation: [row])
    #expect(try files(in: folder) == ["manifest.json"])
    #expect(answers.count == 1)
  }

  @Test func emptySplitsAreLeftOutOfTheCard() async throws {
    let (folder, _) = try await export(.init(folder: "out"), [row])
    for file in ["README.md", "dataset_info.json", "train-axolotl-cot_parsing.yaml"] {
      #expect(!(try String(contentsOf: folder.appending(path: file), encoding: .utf8)).contains("validation"))
    }
  }

  @Test func inducedInstructionsBecomeTheSystemTurns() async throws {
    let folder = try Bench.folder()
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(),
      sets: ["cot_task": Bench.rows([["instruction": "Take it apart."]])])
    _ = try await Bench.answers(
      of: ExportRoleSets(.init(folder: "out", formats: [.messages]), in: workspace), to: [row])
    func system(_ role: TrainingRole) throws -> String? {
      try lines(folder.appending(path: "out/sft/\(role.rawValue)-train.jsonl")).first?["messages"]?.array?[0][
        "content"]?.string
    }
    #expect(try system(.questionParsing) == TrainingRole.questionParsing.instruction)
    #expect(try system(.cotParsing) == "Take it apart.\n\n\(TrainingRole.cotParsing.form)")
    #expect(try system(.cotVerification) == "Take it apart.\n\n\(TrainingRole.cotVerification.form)")
  }

  /// Transformers 5 takes a share as `warmup_steps`; a template of another model's would train on wrong tokens.
  @Test func recipesAreOfTheModel() async throws {
    let (folder, _) = try await export(.init(folder: "out", baseModel: "Qwen/Qwen3-0.6B"), [row])
    let text = { (file: String) in try String(contentsOf: folder.appending(path: file), encoding: .utf8) }
    #expect(!(try text("train-llamafactory-cot_parsing.yaml").contains("template:")))
    #expect(try text("train_trl.py").contains("warmup_steps=0.03"))
  }

  /// The manifest has the digest of every file.
  @Test func everyByteIsThatOfVersion2() async throws {
    let (folder, _) = try await export(.init(folder: "out"), [row], validation: [row])
    let manifest = try String(contentsOf: folder.appending(path: "manifest.json"), encoding: .utf8)
    let known = "6d7a0b83c1ee207621c74f28a37cf8a9e05092e8f86bb7c18a9aff88ec44d513"
    #expect(Digest(of: Data(manifest.utf8)).hex == known)
  }
}
