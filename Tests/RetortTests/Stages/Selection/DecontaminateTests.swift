import Foundation
import OrderedCollections
import Retort
import RetortTestSupport
import Testing

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
}
