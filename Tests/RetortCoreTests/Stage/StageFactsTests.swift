import Testing

@testable import RetortCore

@Suite struct StageFactsTests {
  private func range(_ workload: Workload, rows: Double = 1) -> ClosedRange<Double> { workload.calls(rows) }

  @Test func aRowIsACallAndAtMostOneRepairForEachSample() {
    #expect(range(Workload()) == 1...2)
    #expect(range(Workload(samples: 8)) == 8...16)
    #expect(Workload(samples: 8).samples == 8)
    // What a check refuses all the same.
    #expect(range(Workload(samples: .min)) == 1...2)
    #expect(range(Workload(samples: .max)).lowerBound == Double(Int.max))
    #expect(range(Workload(samples: 8, repairs: 0)) == 8...8)
    #expect(range(Workload(repairs: 3)) == 1...4)
    #expect(range(Workload(repairs: .max)) == 1...101)
    #expect(range(Workload(repairs: .min)) == 1...1)
  }

  @Test func aKindSaysHowManyCallsASetTakes() {
    #expect(range(Workload { rows in rows...2 * rows }, rows: 10) == 10...20)
  }

  @Test func ownColumnsArePlottedUnderTheNameInTheRows() {
    let plots = PlottedColumns.own([PlottedColumn("b", unit: "m"), PlottedColumn("a")])
    #expect(plots.of(["a", "x", "b"]) == [PlottedColumn("a"), PlottedColumn("b", unit: "m")])
    #expect(
      plots.of(["a", "c"], renames: ["b": "c"]) == [PlottedColumn("a"), PlottedColumn("c", unit: "m")])
    #expect(plots.of(["b"], renames: ["b": "c"]) == [])
    #expect(PlottedColumns.none.of(["reward"]) == [])
  }

  @Test func columnsThatTheFileNamesSpeakForThemselves() {
    #expect(
      PlottedColumns.speakingOfRewards.of(["q", "my_score", "reward", "gr3_advantage"]) == [
        PlottedColumn("my_score"), PlottedColumn("reward"),
        PlottedColumn("gr3_advantage", comparesGroup: true),
      ])
  }
}
