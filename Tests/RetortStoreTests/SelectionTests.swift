import Foundation
import Testing

@testable import RetortStore

@Suite struct SelectionTests {
  private let rows = (0..<100).map { Data("row \($0)".utf8) }

  @Test func theFirstRowsAreThoseOfTheSource() {
    #expect(Selection.first(3).chosen(of: rows) == [0, 1, 2])
    #expect(Selection.first(300).chosen(of: rows) == Array(0..<100))
    #expect(Selection.all.chosen(of: rows) == nil)
  }

  @Test func aSampleIsTheSameWhereverItsRowsStand() {
    let chosen = Selection.sample(10, seed: 1).chosen(of: rows) ?? []
    #expect(chosen.count == 10)
    #expect(chosen == chosen.sorted())
    let picked = Set(chosen.map { rows[$0] })
    let turned = Array(rows.reversed())
    #expect(Set((Selection.sample(10, seed: 1).chosen(of: turned) ?? []).map { turned[$0] }) == picked)
    #expect(Selection.sample(10, seed: 2).chosen(of: rows) != chosen)
  }

  @Test func aLargerSampleHoldsTheSmallerOne() {
    let small = Set(Selection.sample(10, seed: 7).chosen(of: rows) ?? [])
    #expect(small.isSubset(of: Selection.sample(40, seed: 7).chosen(of: rows) ?? []))
    #expect(Selection.sample(100, seed: 7).chosen(of: rows) == nil)
  }

  @Test func equalRowsAreChosenOneByOne() {
    let equal = Array(repeating: Data("same".utf8), count: 50)
    let chosen = Selection.sample(5, seed: 0).chosen(of: equal) ?? []
    #expect(Set(chosen).count == 5)
  }
}
