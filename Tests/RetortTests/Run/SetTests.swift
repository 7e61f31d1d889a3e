import Foundation
import OrderedCollections
import Retort
import RetortTestSupport
import Testing

@Suite struct SetTests {
  @Test func groupsPerAncestorAreSetsOfTheirOwn() async throws {
    let lab = try Lab(records: ["a", "b", "a"], per: "read")
    let summary = try await lab.run()
    #expect(summary.status == .complete)
    #expect(Set(lab.gathered) == [["A"], ["B"]])
    #expect(lab.gathered.count == 2)
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, rows: 3))
    #expect(
      try await lab.store.query("SELECT source, words FROM gather") == [
        ["source": "read:0", "words": "[\"A\"]"], ["source": "read:1", "words": "[\"B\"]"],
        ["source": "read:2", "words": "[\"A\"]"],
      ])
  }

  @Test func aFailedMemberKeepsOnlyItsGroupPending() async throws {
    let lab = try Lab(records: ["a", "b", "c"], per: "read")
    lab.refuse("b")
    let first = try await lab.run()
    #expect(first.status == .incomplete)
    #expect(first.stages["gather"] == Books(in: 2, emitted: 2, rows: 2))
    lab.refuse(nil)
    let second = try await lab.run()
    #expect(second.status == .complete)
    #expect(second.stages["gather"] == Books(in: 3, emitted: 3, reused: 2, rows: 3))
  }

  @Test func aCancelledRunIsInterruptedAndGoesOn() async throws {
    let lab = try Lab(records: ["a", "b"], reversed: true)
    let run = Task { try await lab.run(RunOptions(only: "shout")) }
    run.cancel()
    #expect(try await run.value.status == .interrupted)
    #expect(try await lab.run().status == .complete)
    #expect(lab.gathered == [["A", "B"]])
  }
}
