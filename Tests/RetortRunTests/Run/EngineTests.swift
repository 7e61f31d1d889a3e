import Foundation
import RetortCore
import RetortStages
import RetortStore
import Testing

@testable import RetortRun

@Suite struct EngineTests {
  @Test func rowsFlowFromAReaderThroughARowStageToASet() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    let summary = try await lab.run()
    #expect(summary.status == .complete)
    #expect(summary.stages["read"] == Books(in: 3, emitted: 3, rows: 3))
    #expect(summary.stages["shout"] == Books(in: 3, emitted: 3, rows: 3))
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, rows: 1))
    #expect(lab.gathered == [["A", "B", "C"]])
  }

  @Test func aSecondRunMakesNoStep() async throws {
    let lab = try Lab(records: ["a", "b", "a"])
    _ = try await lab.run()
    let performed = lab.performed
    let summary = try await lab.run()
    #expect(lab.performed == performed)
    #expect(summary.stages["shout"] == Books(in: 3, emitted: 3, reused: 3, rows: 3))
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, reused: 3, rows: 1))
  }

  @Test func equalRowsShareAStepAndKeepTheirMultiplicity() async throws {
    let lab = try Lab(records: ["a", "b", "a", "a"])
    let summary = try await lab.run()
    #expect(lab.performed.sorted() == ["a", "b"])
    #expect(summary.stages["shout"] == Books(in: 4, emitted: 4, rows: 4))
    #expect(lab.gathered == [["A", "B", "A", "A"]])
  }

  @Test func resumingMakesOnlyWhatIsMissing() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    lab.refuse("b")
    let first = try await lab.run()
    #expect(first.status == .incomplete)
    #expect(first.stages["shout"] == Books(in: 3, emitted: 2, failed: 1, rows: 2))
    #expect(first.stages["gather"] == Books(in: 2, pending: 2))
    #expect(lab.gathered.isEmpty)
    lab.refuse(nil)
    lab.forgetPerformed()
    let second = try await lab.run()
    #expect(second.status == .complete)
    #expect(lab.performed == ["b"])
    #expect(second.stages["shout"] == Books(in: 3, emitted: 3, reused: 2, rows: 3))
    #expect(lab.gathered == [["A", "B", "C"]])
  }

  @Test func aFailureTurnedIntoADropLeavesTheSetIncomplete() async throws {
    let lab = try Lab(records: ["a", "b", "b"], onFailure: .drop)
    lab.refuse("b")
    let summary = try await lab.run()
    #expect(summary.status == .incomplete)
    #expect(summary.stages["shout"] == Books(in: 3, emitted: 1, dropped: 2, rows: 1))
    #expect(lab.gathered == [["A"]])
  }

  @Test func outputsKeepTheOrderOfTheSourceWhateverFinishesFirst() async throws {
    let lab = try Lab(records: ["a", "b", "c", "d"], reversed: true)
    _ = try await lab.run()
    #expect(lab.performed == ["d", "c", "b", "a"])
    #expect(lab.gathered == [["A", "B", "C", "D"]])
  }

  @Test func droppedRowsAreCounted() async throws {
    let lab = try Lab(records: ["a", "", "b", ""])
    let summary = try await lab.run()
    #expect(summary.stages["shout"] == Books(in: 4, emitted: 2, dropped: 2, rows: 2))
    #expect(lab.gathered == [["A", "B"]])
  }

  @Test func aLimitTakesTheFirstRowsOfASource() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    let summary = try await lab.run(RunOptions(selection: .first(2)))
    #expect(summary.stages["shout"] == Books(in: 2, emitted: 2, rows: 2))
    #expect(lab.gathered == [["A", "B"]])
  }

  @Test func onlyRunsAStageAndItsAncestors() async throws {
    let lab = try Lab(records: ["a"])
    let summary = try await lab.run(RunOptions(only: "shout"))
    #expect(summary.status == .complete)
    #expect(summary.stages.list.map(\.stage) == ["read", "shout"])
    #expect(lab.gathered.isEmpty)
  }

  @Test func redoPerformsAStageAfresh() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    lab.forgetPerformed()
    _ = try await lab.run(RunOptions(redo: ["shout"]))
    #expect(lab.performed.sorted() == ["a", "b"])
    lab.forgetPerformed()
    _ = try await lab.run()
    #expect(lab.performed.isEmpty)
    #expect(lab.gathered.count == 1)
  }

  @Test func aParkedEndpointLeavesTheRestPending() async throws {
    let lab = try Lab(records: ["a", "b", "c"], models: ["teacher"])
    lab.park("b")
    let summary = try await lab.run()
    #expect(summary.status == .parked)
    #expect(summary.stages["shout"]?.balance == true)
    #expect(summary.stages["shout"]?.failed == 0)
    #expect(lab.gathered.isEmpty)
    lab.park(nil)
    #expect(try await lab.run().status == .complete)
    #expect(lab.gathered == [["A", "B", "C"]])
  }

  @Test func anInterruptedRunKeepsWhatWasInFlightAndBeginsNothingElse() async throws {
    let lab = try Lab(records: ["a", "b", "c", "d"])
    let interruption = Interruption()
    lab.interrupt(at: "b", interruption)
    let summary = try await lab.run(interruption: interruption, cores: 1)
    #expect(summary.status == .interrupted)
    #expect(lab.performed == ["a", "b"])
    #expect(summary.stages["shout"] == Books(in: 4, emitted: 2, pending: 2, rows: 2))
    lab.forgetPerformed()
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.sorted() == ["c", "d"])
    #expect(lab.gathered == [["A", "B", "C", "D"]])
  }

  @Test func aReaderThatFailsIsAFailure() async throws {
    let lab = try Lab(records: ["broken"])
    let summary = try await lab.run()
    #expect(summary.status == .incomplete)
    #expect(summary.stages["read"] == Books(in: 1, failed: 1))
  }

  @Test func aThousandRowsAndMoreFlow() async throws {
    let records = (0..<1200).map { "r\($0)" }
    let lab = try Lab(records: records)
    let summary = try await lab.run()
    #expect(summary.stages["shout"] == Books(in: 1200, emitted: 1200, rows: 1200))
    #expect(lab.gathered == [records.map { $0.uppercased() }])
  }
}
