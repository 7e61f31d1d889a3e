import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct GenerateFunctionsTests {
  private func rows(_ config: GenerateFunctions.Config) async throws -> [JSON] {
    let stage = try GenerateFunctions(config, in: noModels)
    let answers = try await read(stage)
    #expect(answers.rejected.isEmpty)
    #expect(answers.rows.allSatisfy { Array(($0.object ?? [:]).keys) == stage.adds })
    return answers.rows
  }

  @Test func aThirdOfTheTestsIsHidden() async throws {
    for row in try await rows(.init(seed: 1, count: 90, steps: [1, 2, 3, 4])) {
      let (shown, hidden) = (row["tests"]?.array ?? [], row["hidden_tests"]?.array ?? [])
      #expect((shown.count, hidden.count) == (6, 3))
      let all = shown + hidden
      #expect(Set(all.map { $0["input"] }).count == 9)
      #expect(Set(all.map { $0["expected"] }).count > 4)
      #expect(
        row["question"]?.string?.contains("Write a Python function `\(row["entry"]?.string ?? "?")(") == true)
    }
    let many = try await rows(.init(seed: 1, count: 3, tests: 30))
    #expect(many.allSatisfy { $0["hidden_tests"]?.array?.count == 10 })
  }

  @Test func theSameSeedGivesTheSameFunctionsAndALongerRunKeepsThem() async throws {
    let first = try await rows(.init(seed: 1, count: 30))
    let again = try await rows(.init(seed: 1, count: 60))
    #expect(Array(again.prefix(30)) == first)
    #expect(Set(again.map { $0["question"] }).count > 55)
    #expect(first.prefix(6).map { $0["kind"] } == ["list", "text", "number", "list", "text", "number"])
  }

  /// The tests are made here, and the solution is Python: both say the same.
  @Test func theReferencePassesItsTests() async throws {
    var program = "import json\n"
    for row in try await rows(.init(seed: 9, count: 300, steps: [1, 2, 3, 4])) {
      let tests = (row["tests"]?.array ?? []) + (row["hidden_tests"]?.array ?? [])
      let quoted = JSON.string(JSON.array(tests).text).text
      program += """
        \(row["reference"]?.string ?? "")
        for test in json.loads(\(quoted)):
            got = \(row["entry"]?.string ?? "")(*test["input"])
            assert type(got) is type(test["expected"]) and got == test["expected"], (test, got, \(JSON.string(row["question"]?.string ?? "").text))

        """
    }
    let file = URL(filePath: NSTemporaryDirectory()).appending(path: "functions-\(UUID().uuidString).py")
    try program.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let said = try Program.output(of: ["python3", file.path])
    #expect(said.status == 0, "\(String(decoding: said.data, as: UTF8.self))")
  }

  @Test func keysHaveBounds() {
    for config in [
      GenerateFunctions.Config(seed: 1, count: -1), .init(seed: 1, count: 1, kinds: []),
      .init(seed: 1, count: 1, steps: []), .init(seed: 1, count: 1, steps: [5]),
      .init(seed: 1, count: 1, tests: 2), .init(seed: 1, count: 1, tests: 61),
    ] {
      #expect(throws: StageError.self) { try GenerateFunctions(config, in: noModels) }
    }
  }
}
