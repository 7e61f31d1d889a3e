import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import Testing

@testable import RetortRun

@Suite struct CutSourcesTests {
  private func pipeline(_ stages: [(String, [String], [String])], exports: Set<String>) -> Pipeline {
    Pipeline(
      name: "p", file: URL(filePath: "/p.yaml"), models: [:],
      stages: stages.map { name, from, using in
        PipelineStage(
          name: name,
          entry: exports.contains(name)
            ? StageEntry(ExportJSONL.self)
            : from.isEmpty ? StageEntry(ReadJSONL.self) : StageEntry(Filter.self),
          from: from, using: .init(uniqueKeysWithValues: using.map { ($0, $0) }),
          configured: ConfiguredStage(config: [:]) { _ in throw RunError("not bound") })
      })
  }

  @Test func whatReachesExportsThroughUsingStaysWhole() {
    let file = pipeline(
      [
        ("demos", [], []), ("questions", [], []), ("gold", ["demos"], []), ("task", ["demos"], []),
        ("asked", ["questions"], ["demos", "task"]), ("out", ["asked"], ["demos"]),
      ], exports: ["out"])
    #expect(file.cutSources == [CutSource(name: "questions", sets: [])])
  }

  @Test func aSourceThatDoesBothIsCutAndNamesItsSets() {
    let file = pipeline(
      [
        ("rows", [], []), ("scale", ["rows"], []), ("scaled", ["rows"], ["scale"]), ("out", ["scaled"], []),
      ], exports: ["out"])
    #expect(file.cutSources == [CutSource(name: "rows", sets: ["scale"])])
  }

  @Test func unionsAndSeveralReadersAreAllCut() {
    let file = pipeline(
      [
        ("a", [], []), ("b", [], []), ("pool", [], []), ("both", ["a", "b"], ["pool"]), ("out", ["both"], []),
        ("other", ["pool"], []), ("out2", ["other"], []),
      ], exports: ["out", "out2"])
    #expect(
      file.cutSources == [
        CutSource(name: "a", sets: []), CutSource(name: "b", sets: []),
        CutSource(name: "pool", sets: ["pool"]),
      ])
  }

  @Test func withoutExportsWhatFeedsAStageIsCut() {
    let file = pipeline([("rows", [], []), ("pool", [], []), ("asked", ["rows"], ["pool"])], exports: [])
    #expect(file.cutSources == [CutSource(name: "rows", sets: [])])
  }
}
