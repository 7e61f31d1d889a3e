import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct RequireTests {
  private let right = [Filter.Condition(column: "correct", equals: true)]

  private func answers(
    _ config: Require.Config, _ rows: [JSON], of others: [JSON]? = nil
  ) async throws -> [SetAnswer] {
    let sets = others.map { ["of": Bench.rows($0)] } ?? [:]
    let workspace = Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(), sets: sets)
    return try await Bench.answers(of: Require(config, in: workspace), to: rows)
  }

  private let judged: [JSON] = [["correct": true], ["correct": true], ["correct": false], ["correct": nil]]

  @Test func enoughRowsLetAllPass() async throws {
    #expect(
      try await answers(.init(where: right, share: 0.5), judged) == (0..<4).map { .keep($0, [:]) })
    #expect(
      try await answers(.init(where: right, share: 0.5), [["topic": "a"]], of: judged) == [.keep(0, [:])])
    #expect(try await answers(.init(where: right, share: 0.5), [], of: judged) == [])
  }

  /// What a judge said that nobody can read has not satisfied anything.
  @Test func fewerFailTheStage() async throws {
    await #expect(
      throws: StageError(
        "expected correct = true of at least 0.75 of the rows, found it of 2 of 4 (0.5)", needsEdit: true)
    ) {
      try await answers(.init(where: right, share: 0.75), [["topic": "a"]], of: judged)
    }
    await #expect(throws: StageError("expected at least 1 row to tell, found 0")) {
      try await answers(.init(where: right), [["topic": "a"]], of: [])
    }
    await #expect(throws: StageError("expected at least 5 rows to tell, found 4")) {
      try await answers(.init(where: right, share: 0, rows: 5), judged)
    }
    #expect(try await answers(.init(where: right, rows: 0), []) == [])
  }

  @Test func whatSaysNothingIsRefused() {
    #expect(throws: StageError("where: expected at least one condition, found none")) {
      try Require(.init(where: []), in: Bench.nowhere)
    }
    #expect(throws: StageError("share: expected 0 to 1, found 1.5")) {
      try Require(.init(where: right, share: 1.5), in: Bench.nowhere)
    }
    #expect(throws: StageError("rows: expected 0 or more, found -1")) {
      try Require(.init(where: right, rows: -1), in: Bench.nowhere)
    }
  }
}
