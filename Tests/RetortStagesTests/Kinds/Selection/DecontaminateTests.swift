import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct DecontaminateTests {
  /// Configurations decode from a file, as in a pipeline.
  private func config(_ json: JSON, _ files: [String: String]) throws -> Decontaminate.Config {
    let folder = try Bench.folder()
    for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
    let models = ["emb": ModelSpec(alias: "emb", name: "emb", kind: .embedding)]
    return try json.decode(Decontaminate.Config.self, userInfo: [.folder: folder, .models: models])
  }

  @Test func aSharedRunOfWordsIsFound() async throws {
    let config = try config(
      ["files": ["eval.jsonl", "eval.txt"], "column": "q", "ngram": 4],
      [
        "eval.jsonl": "{\"question\":\"Ann is taller than Bo.\",\"n\":1}\n{\"question\":\"Yes\"}\n",
        "eval.txt": "the cat sat on the mat\n",
      ])
    let stage = try Decontaminate(config, in: Bench.nowhere)
    let hit = "in an evaluation file"
    #expect(
      try await Bench.fates(
        of: stage,
        for: [
          ["q": "We know: ann is TALLER than Bo"], ["q": "Bo is taller than Ann"], ["q": "yes!"],
          ["q": "yes or no"],
          ["q": "cat sat on the"],
        ]) == [hit, "kept", hit, "kept", hit])
  }

  @Test func closenessInMeaningNeedsAModel() async throws {
    let config = try config(
      ["files": ["eval.json"], "column": "q", "model": "emb", "threshold": 0.9], ["eval.json": "[\"near\"]"])
    let models = ScriptedProvider(embedding: { $0.map { $0.hasPrefix("near") ? [1, 0] : [0, 1] } })
    let stage = try Decontaminate(config, in: Workspace(folder: URL(filePath: "/"), models: models))
    #expect(
      try await Bench.fates(of: stage, for: [["q": "near it"], ["q": "far"]])
        == ["close to an evaluation file", "kept"])
  }

  private func fates(_ files: [String: String], _ rows: [String], ngram: Int? = nil) async throws -> [String]
  {
    var fields: JSON.Object = ["files": .array(files.keys.sorted().map { .string($0) }), "column": "q"]
    if let ngram { fields["ngram"] = .int(Int64(ngram)) }
    let stage = try Decontaminate(config(.object(fields), files), in: Bench.nowhere)
    return try await Bench.fates(of: stage, for: rows.map { ["q": .string($0)] })
  }

  private static let hit = "in an evaluation file"

  @Test func aLineEndsAtALineFeedAlone() async throws {
    let files = [
      "a.jsonl": "\u{FEFF}{\"q\":\"one\u{2028}two three\"}\r\n\n{\"q\":\"four\u{85}five six\"}",
      "b.txt": "seven\u{2029}eight nine\r\nten",
    ]
    #expect(
      try await fates(
        files, ["one two three", "two three", "four five six", "seven eight nine", "eight nine", "ten"])
        == [Self.hit, "kept", Self.hit, Self.hit, "kept", Self.hit])
  }

  @Test func aBrokenLineIsNamed() async throws {
    await #expect(throws: StageError.self) { _ = try await fates(["a.jsonl": "{\"q\":1}\n{\"q\":\n"], ["x"]) }
  }

  @Test func aRunIsAsLongAsItsScriptNeeds() async throws {
    let thai = "ในห้องเรียนมีนักเรียนสามคนคือแดงดำและเขียวแดงนั่งทางซ้ายของดำเขียวนั่งทางขวาของดำใครนั่งตรงกลาง"
    let chinese = "教室里有三个学生小红小黑小绿小红坐在小黑左边小绿坐在小黑右边谁坐在中间"
    let files = [
      "a.jsonl": "{\"q\":\"\(thai)\"}\n{\"q\":\"\(chinese)\"}\n{\"q\":\"GPT模型在推理题上的准确率超过了人类专家的平均水平吗\"}"
    ]
    #expect(
      try await fates(
        files,
        [
          "โจทย์ข้อนี้ \(thai) จงตอบ", "ตอบ\(thai)", "这道题\(chinese)请回答", "教室里有三个学生小红小黑小绿他们在做什么",
          "请问GPT模型在推理题上的准确率超过了人类专家的平均水平吗", "ในห้องเรียนมีนักเรียนสามคนคือใคร",
        ]) == [Self.hit, Self.hit, Self.hit, "kept", Self.hit, "kept"])
  }

  @Test func aStemIsNoContamination() async throws {
    let stem = "Which one of the following, if true, most seriously weakens the argument above"
    let document = (0..<60).map { "word\($0)" }.joined(separator: " ")
    let items = (0..<6).map {
      "{\"q\":\"Tale \($0) of its own is told here by \($0) men. \(stem)?\",\"d\":\"\(document)\"}\n"
    }
    let twice = String(
      repeating: "{\"q\":\"what is written often in one file but is a single item all the same\"}\n", count: 5
    )
    #expect(
      try await fates(
        ["a.jsonl": items.joined(), "b.jsonl": twice],
        [
          "Another tale. \(stem)?", "Tale 3 of its own is told here by 3 men. \(stem)?", document,
          (5..<25).map { "word\($0)" }.joined(separator: " "),
          "what is written often in one file but is a single item all the same",
        ]) == ["kept", Self.hit, Self.hit, Self.hit, Self.hit])
  }

  @Test func shortPassagesAreComparedWithTheirSigns() async throws {
    #expect(
      try await fates(["a.txt": "7 + 5\nC++\n"], ["7 - 5", "7+5", "C", "c++!"])
        == ["kept", Self.hit, "kept", Self.hit])
  }
}
