import Testing

@testable import RetortStages

@Suite struct ExampleWindowsTests {
  @Test func rotatingCandidatesSeeAllExamplesTogether() {
    for count in 1...40 {
      for candidates in 1...12 {
        let windows = ExampleWindows(.rotate, count: count, candidates: candidates, shots: nil, heldOut: 2)
        #expect(windows.seen == count)
        for candidate in 0..<candidates {
          let (shown, tried) = (windows.shown(to: candidate), windows.tried(by: candidate))
          #expect(Set(shown).isDisjoint(with: tried))
          #expect(Set(shown).count == shown.count)
          #expect(tried.count == min(2, count - shown.count))
        }
      }
    }
  }

  @Test func twentyFourExamplesAndFiveCandidates() {
    let windows = ExampleWindows(.rotate, count: 24, candidates: 5, shots: nil, heldOut: 2)
    #expect(windows.shown(to: 4) == [20, 21, 22, 23, 0])
    #expect(windows.tried(by: 4) == [1, 2])
  }

  @Test func ownShotsMaySeeFewer() {
    #expect(ExampleWindows(.rotate, count: 24, candidates: 5, shots: 2, heldOut: 2).seen == 10)
  }

  @Test func theFirstOnesServeEveryCandidate() {
    let windows = ExampleWindows(.first, count: 4, candidates: 2, shots: nil, heldOut: 2)
    #expect(windows.shown(to: 0) == [0, 1])
    #expect(windows.shown(to: 1) == [0, 1])
    #expect(windows.tried(by: 1) == [2, 3])
    #expect(ExampleWindows(.first, count: 1, candidates: 2, shots: 2, heldOut: 2).tried(by: 0) == [])
  }
}
