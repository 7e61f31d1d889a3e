import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct WhyTests {
  private func row(_ word: String) -> String { RowID.text(Digest(of: ["word": .string(word)])) }
  private func loud(_ word: String) -> String {
    RowID.text(Digest(of: ["word": .string(word), "loud": .string(word.uppercased())]))
  }

  @Test func aRowThatWasDoneNamesItsStepAndTheRunThatMadeIt() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    _ = try await lab.run()
    let why = try await lab.store.inspector.why(row("a"), at: "shout", run: 2)
    #expect(
      why.answers == [
        .init(
          row: row("a"), source: "read:0", stage: "shout", outcome: .done, detail: "became \(loud("a"))",
          step: 2, madeIn: 1)
      ])
    #expect(try await lab.store.inspector.why(loud("a"), at: "shout", run: 2).answers == why.answers)
  }

  @Test func aRowOfAReaderWasRead() async throws {
    let lab = try Lab(records: ["x", "a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.inspector.why(row("a"), at: "read", run: 1).answers == [
        .init(
          row: nil, source: "read:1", stage: "read", outcome: .done, detail: "read as \(row("a"))", step: 1,
          madeIn: 1)
      ])
  }

  @Test func aDroppedRowEndsWhereItWasDropped() async throws {
    let lab = try Lab(records: ["", "b"])
    _ = try await lab.run()
    let dropped = Why.Answer(
      row: row(""), source: "read:0", stage: "shout", outcome: .dropped, detail: "empty", step: 2, madeIn: 1)
    for stage in ["shout", "gather"] {
      var answers = try await lab.store.inspector.why(row(""), at: stage, run: 1).answers
      for index in answers.indices { answers[index].step = 2 }  // which of the two rows came first is open
      #expect(answers == [dropped])
    }
  }

  @Test func aFailedRowSaysWhyAndTheSetBehindItSaysWhatItWaitsFor() async throws {
    let lab = try Lab(records: ["a", "b"])
    lab.refuse("b")
    _ = try await lab.run()
    let failed = Why.Answer(
      row: row("b"), source: "read:1", stage: "shout", outcome: .failed, detail: "refuses b")
    #expect(try await lab.store.inspector.why(row("b"), at: "gather", run: 1).answers == [failed])
    #expect(
      try await lab.store.inspector.why(row("a"), at: "gather", run: 1).answers == [
        .init(
          row: loud("a"), source: "read:0", stage: "gather", outcome: .pending,
          detail: "waits for 1 failed row of shout")
      ])
  }

  @Test func aFailureTurnedIntoADropNamesBoth() async throws {
    let lab = try Lab(records: ["b"], onFailure: .drop)
    lab.refuse("b")
    _ = try await lab.run()
    #expect(
      try await lab.store.inspector.why(row("b"), at: "shout", run: 1).answers == [
        .init(
          row: row("b"), source: "read:0", stage: "shout", outcome: .dropped,
          detail: "failed: error; refuses b")
      ])
  }

  @Test func aStageLeftOutSaysSo() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run(RunOptions(only: "shout", flags: ["only": "shout"]))
    #expect(
      try await lab.store.inspector.why(row("a"), at: "gather", run: 1).answers.map(\.detail) == [
        "left out by --only shout"
      ])
  }

  @Test func aStageThatTheRunLacksIsAnError() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    await #expect(
      throws: NotFound(
        "expected a stage of run 1 (read, shout, gather), found 'shoot' (did you mean 'shout'?)")
    ) { try await lab.store.inspector.why(row("a"), at: "shoot", run: 1) }
    #expect(try await lab.store.inspector.why("r_ffffffff", at: "shout", run: 1).answers.isEmpty)
  }

  @Test func onlyChangesOfTheStageAndItsAncestorsCount() {
    let then: JSON = [
      "models": ["m": ["rpm": 1.0]],
      "stages": [
        "read": ["kind": "r", "with": ["file": "x"]],
        "shout": ["kind": "s", "with": ["k": 5], "from": ["read"], "on_failure": "drop"],
        "late": ["kind": "t", "with": ["z": 1], "from": ["shout"]],
      ],
    ]
    let now: JSON = [
      "models": ["m": ["rpm": 2.0]],
      "stages": [
        "read": ["kind": "r", "with": ["file": "y"]],
        "shout": ["kind": "s", "with": ["k": 6], "from": ["read"]],
        "late": ["kind": "t", "with": ["z": 2], "from": ["shout"]],
      ],
    ]
    var why = Why(run: 1, stage: "shout", answers: [])
    why.compare(then, with: now)
    #expect(why.changed.map(\.description) == [#"read.with.file: "x" → "y""#, "shout.with.k: 5 → 6"])
  }
}
