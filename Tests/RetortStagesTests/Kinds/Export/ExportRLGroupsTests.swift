import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortStages

struct ExportRLGroupsTests {
  private func row(_ group: JSON, _ completion: JSON, _ reward: JSON, question: JSON = "Q?") -> JSON {
    [
      "group": group, "question": question, "completion": completion, "reward": reward, "length": 3,
      "gr3_advantage": 0.5, "vespo_weight": 1,
    ]
  }

  private func export(_ config: ExportRLGroups.Config, _ rows: [JSON]) async throws -> Exported {
    try await Exported.of(rows) { try ExportRLGroups(config, in: $0) }
  }

  @Test func interleavedRolloutsComeTogether() async throws {
    let rows = [row(7, "a", 1), row("g", "c", 0, question: "R?"), row(7, "b", 0.5)]
    let out = try await export(
      .init(folder: "out", advantage: "gr3_advantage", weight: "vespo_weight", columns: ["length"]), rows)
    func rollout(_ completion: JSON, _ reward: JSON) -> JSON {
      ["completion": completion, "reward": reward, "advantage": 0.5, "weight": 1.0, "length": 3]
    }
    #expect(
      try out.lines("groups-train.jsonl") == [
        ["group": "7", "prompt": [Exported.user("Q?")], "rollouts": [rollout("a", 1.0), rollout("b", 0.5)]],
        ["group": "g", "prompt": [Exported.user("R?")], "rollouts": [rollout("c", 0.0)]],
      ])
    #expect(try out.files == ["README.md", "groups-train.jsonl", "manifest.json"])
  }

  @Test func aRewardAloneIsEnough() async throws {
    let out = try await export(.init(folder: "out", reward: "length"), [row(1, "a", nil)])
    #expect(
      try out.lines("groups-train.jsonl").map { $0["rollouts"] } == [[["completion": "a", "reward": 3.0]]])
  }

  @Test func badRolloutsAreDroppedAndTheirGroupGoesOn() async throws {
    let rows = [
      row(1, "a", nil), row(1, "b", 1), row(1, "c", 1, question: "other?"), row(nil, "d", 1), row(1, nil, 1),
    ]
    let out = try await export(.init(folder: "out"), rows)
    #expect(
      Set(out.dropped) == ["answer unreadable", "mixed group", "no group", "no text in completion"])
    #expect(
      try out.lines("groups-train.jsonl").map { $0["rollouts"] } == [[["completion": "b", "reward": 1.0]]])
    #expect(out.made.allSatisfy { $0.members == [1] })
  }

  @Test func columnsWrittenAnywayAreRefused() {
    #expect(throws: StageError.self) {
      try ExportRLGroups(.init(folder: "out", columns: ["reward"]), in: Bench.nowhere)
    }
  }

  @Test func theSetIsPagedThroughAndNotFetchedRowByRow() async throws {
    // 300 groups of two rows each that lie pages apart.
    let rows = (0..<600).map { Row(row(.int(Int64($0 % 300)), .string("\($0)"), 1).object ?? [:]) }
    let asked = Mutex<[Int]>([])
    let set = RowSet<Columns>(count: rows.count) { offset, limit in
      asked.withLock { $0.append(limit) }
      return (offset..<min(rows.count, offset + limit)).map { ("r_\($0)", rows[$0], 0) }
    }
    let folder = try Bench.folder()
    let stage = try ExportRLGroups(
      .init(folder: "out"), in: Workspace(folder: folder, models: ScriptedProvider()))
    _ = try await stage.export(set, dropping: ExportSink { _ in })
    // Three pages each for the columns' types, for the groups' sizes and for the rollouts.
    #expect(asked.withLock { $0 } == [Int](repeating: 256, count: 9))
    let out = Exported(folder: folder.appending(path: "out", directoryHint: .isDirectory), answers: [])
    #expect(
      try out.lines("groups-train.jsonl").map {
        $0["rollouts"]?.array?.compactMap { $0["completion"]?.string }
      }
        == (0..<300).map { ["\($0)", "\($0 + 300)"] })
  }

  @Test func groupsKeepTheOrderOfTheirFirstRowsAndDropsThatOfTheirGroups() async throws {
    let rows = [
      row("a", "a1", 1), row("b", nil, 1), row("a", nil, 1), row(nil, "n", 1), row("b", "b2", 1),
      row("a", "a3", 1),
    ]
    let out = try await export(.init(folder: "out"), rows)
    #expect(
      try out.lines("groups-train.jsonl").map { $0["group"] } == ["a", "b"])
    #expect(
      out.answers.compactMap { if case .drop(let ordinal, _, _) = $0 { ordinal } else { nil } } == [3, 2, 1])
    #expect(out.made.allSatisfy { $0.members == [0, 4, 5] })
  }

  @Test func groupsThatWereSetAsideAreLeftOutAndCounted() async throws {
    func marked(_ row: JSON, _ column: String, _ mark: JSON) -> JSON {
      .object((row.object ?? [:]).merging([column: mark]) { $1 })
    }
    let rows = [
      marked(row(1, "a", 1), "gr3_set_aside", true), marked(row(1, "b", 1), "gr3_set_aside", true),
      marked(row(2, "c", 1), "gr3_set_aside", false), marked(row(2, "d", 0), "gr3_set_aside", false),
    ]
    let out = try await export(.init(folder: "out"), rows)
    #expect(out.dropped == ["set aside", "set aside"])
    #expect(try out.lines("groups-train.jsonl").map { $0["group"] } == ["2"])
    var renamed = ExportRLGroups.Config(folder: "out")
    renamed.setAside = "dull"
    let other = try await export(
      renamed, rows.map { marked($0, "dull", $0["gr3_set_aside"] == false ? true : false) })
    #expect(try other.lines("groups-train.jsonl").map { $0["group"] } == ["1"])
  }

  @Test func rolloutsWithToolsAreTheirTurns() async throws {
    func rollout(_ answer: String, _ reward: Double) -> JSON {
      [
        "group": "g", "question": "Q?", "reward": .double(reward), "turns": 2, "stop_reason": "answer",
        "messages": [
          Exported.user("Example?"), Exported.assistant("E."), Exported.user("Q?"),
          Exported.assistant("<search>a</search>"), Exported.user("<result>\na\n</result>"),
          Exported.assistant(answer),
        ],
      ]
    }
    let out = try await export(.init(folder: "out"), [rollout("A.", 1), rollout("B.", 0)])
    let turns = try out.lines("groups-train.jsonl")[0]["rollouts"]?.array?.map { $0["completion"] }
    #expect(
      turns
        == ["A.", "B."].map {
          [
            Exported.assistant("<search>a</search>"), Exported.user("<result>\na\n</result>"),
            Exported.assistant($0),
          ]
        })
  }
}
