import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct DeduplicateTests {
  private func fates(_ config: Deduplicate.Config, _ texts: [String]) async throws -> [String] {
    let rows = texts.map { JSON.object(["t": .string($0)]) }
    return try await Bench.answers(of: Deduplicate(config, in: Bench.nowhere), to: rows).map { answer in
      if case .drop(_, let reason, _) = answer { reason } else { "kept" }
    }
  }

  @Test func caseAndPunctuationDoNotCount() async throws {
    #expect(
      try await fates(.init(column: "t"), ["If A, then B.", "if a then  B", "If B then A", "??", "!!", "??"])
        == ["kept", "duplicate", "kept", "kept", "kept", "duplicate"])
  }

  @Test func nearCopiesAreFoundByOverlap() async throws {
    let text = (0..<40).map { "w\($0)" }.joined(separator: " ")
    #expect(
      try await fates(
        .init(column: "t", near: 0.8),
        [text, text + " more", String(text.dropFirst(80)), "今天天气很好", "今天天气很好吗"])
        == ["kept", "near duplicate", "kept", "kept", "near duplicate"])
  }

  @Test func theFirstIsNamed() async throws {
    let rows: [JSON] = [["t": "a"], ["t": "A"]]
    let id = RowID.text(Digest(of: rows[0]))
    #expect(
      try await Bench.answers(of: Deduplicate(.init(column: "t"), in: Bench.nowhere), to: rows)
        == [.keep(0, [:]), .drop(1, reason: "duplicate", detail: "says the same as \(id)")])
  }

  @Test func signsCount() async throws {
    #expect(
      try await fates(
        .init(column: "t"), ["7 + 5", "7 - 5", "C", "C++", "C#", "$5", "5", "1.5", "15", "7+5", "c"])
        == Array(repeating: "kept", count: 9) + ["duplicate", "duplicate"])
  }

  @Test func listsAreComparedAsTheyStand() async throws {
    let rows: [JSON] = [
      ["t": ["A b.", "c"]], ["t": ["a B", "c"]], ["t": [["A b."], "c"]], ["t": [1, 2]], ["t": [[1], 2]],
    ]
    let answers = try await Bench.answers(of: Deduplicate(.init(column: "t"), in: Bench.nowhere), to: rows)
    #expect(
      answers.map { if case .drop = $0 { "duplicate" } else { "kept" } } == [
        "kept", "duplicate", "kept", "kept", "kept",
      ])
  }

  /// What was there before drops what says the same, and is no row of this set.
  @Test func knownRowsCount() async throws {
    let text = (0..<40).map { "w\($0)" }.joined(separator: " ")
    let known: [JSON] = [["t": "Who wrote it?"], ["t": .string(text)], ["t": "who wrote it"]]
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(), sets: ["known": Bench.rows(known)])
    let rows: [JSON] = [
      ["t": "who wrote it?"], ["t": .string(text + " more")], ["t": "Who read it?"], ["t": "who read it"],
    ]
    let answers = try await Bench.answers(
      of: Deduplicate(.init(column: "t", near: 0.8), in: workspace), to: rows)
    let id = { (row: JSON) in RowID.text(Digest(of: row)) }
    #expect(
      answers == [
        .drop(0, reason: "known already", detail: "says the same as \(id(known[0]))"),
        .drop(1, reason: "near a known one", detail: "0.97 of \(id(known[1]))"),
        .keep(2, [:]), .drop(3, reason: "duplicate", detail: "says the same as \(id(rows[2]))"),
      ])
  }
}
