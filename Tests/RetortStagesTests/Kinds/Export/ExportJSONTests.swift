import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportJSONTests {
  @Test func rowsAreTheElementsOfOneArray() async throws {
    let folder = try Bench.folder()
    let stage = try ExportJSON(
      .init(file: "results.json", columns: ["a"]), in: Workspace(folder: folder, models: ScriptedProvider()))
    _ = try await Bench.answers(of: stage, to: [["a": 1, "b": 2], ["a": 3]])
    let text = try String(contentsOf: folder.appending(path: "results.json"), encoding: .utf8)
    #expect(text == "[\n{\"a\":1},\n{\"a\":3}\n]\n")
  }
}
