import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

@Suite struct CatalogTests {
  @Test(arguments: Catalog.standard.kinds.map(\.name))
  func everyKeyIsDocumented(name: String) throws {
    let entry = try #require(Catalog.standard[name])
    #expect(Set(entry.configShape().keys.map(\.name)) == Set(entry.keys.keys))
    #expect(!entry.summary.isEmpty)
  }

  @Test func namesAreUnique() {
    let names = Catalog.standard.kinds.map(\.name)
    #expect(Set(names).count == names.count)
  }

  private func names(_ isOne: (StageEntry) -> Bool) -> [String] {
    Catalog.standard.kinds.filter(isOne).map(\.name)
  }

  @Test func kindsSayWhatTheyDo() {
    #expect(
      names(\.isReader) == [
        "generate-functions", "generate-instructions", "generate-puzzles", "generate-world", "read-csv",
        "read-html", "read-json", "read-jsonl",
        "read-logiqa", "read-parquet",
        "read-sqlite", "read-xml",
      ])
    #expect(
      names(\.exports) == [
        "export-csv", "export-json", "export-jsonl", "export-kto", "export-parquet", "export-preferences",
        "export-review", "export-rl-groups", "export-rl-prompts", "export-role-sets", "export-sft",
        "export-trajectories",
      ])
    #expect(
      names { $0.form == .set(makesRows: true) } == [
        "aggregate-feedback", "build-graph", "calibrate-group-reward", "collect", "command-set", "count",
        "fit-reward-model",
        "induce-prompt", "inject-refinement",
        "measure-best-of-n", "measure-plateau", "pair-length-quality", "sample-subgraphs", "train-model",
      ])
    #expect(
      names { $0.form == .set(makesRows: false) } == [
        "check-ambiguity", "check-contradiction", "check-dispersion", "compare-length-quality",
        "deduplicate", "filter-reward-top", "flatten-graph", "join", "link-entities", "pass-rate",
        "penalize-uncertainty", "require", "require-tools",
        "rescale-group-reward", "sample", "sort", "split", "weight-importance",
      ])
    #expect(
      names(\.drawsSamples) == [
        "generate", "induce-prompt", "predict-reward", "sample-rollouts", "synthesize-rationale",
        "train-model",
      ])
    #expect(names(\.reorders) == ["sort"])
    #expect(names(\.leavesEdits) == ["export-review"])
    #expect(names { $0.heads != nil } == ["fit-reward-model"])
  }

  @Test(arguments: Catalog.standard.kinds.map(\.name))
  func factsNameColumnsAndKeysThatThereAre(name: String) throws {
    let entry = try #require(Catalog.standard[name])
    if case .own(let columns) = entry.plots {
      #expect(columns.map(\.name).filter { entry.adds?.contains($0) != true } == [])
    }
    if let heads = entry.heads {
      #expect([heads.fitted, heads.plain].filter { entry.adds?.contains($0) != true } == [])
    }
    #expect(entry.destinations.map(\.key).filter { entry.keys[$0] == nil } == [])
  }
}
