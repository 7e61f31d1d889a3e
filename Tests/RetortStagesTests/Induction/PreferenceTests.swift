import Foundation
import RetortCore
import Testing

@testable import RetortStages

@Suite struct PreferenceTests {
  @Test func responseProbabilityIsTheArithmeticMean() {
    #expect(Preference.responseProbability([0, log(0.5)]) == 0.75)
    #expect(Preference.responseProbability([]) == nil)
  }

  @Test func voteSumsTheSpellingsOfBothLetters() throws {
    let tokens = [("A", 0.4), (" a", 0.2), (" B", 0.2), ("The", 0.2)].map { ($0.0, log($0.1)) }
    let vote = try #require(Preference.vote(tokens.map { (token: $0.0, logprob: $0.1) }))
    #expect(abs(vote - 0.75) < 1e-12)
    #expect(Preference.vote([(token: "The", logprob: 0)]) == nil)
  }

  @Test func positionBiasCancels() {
    // Whoever comes first is preferred at 0.75: that says nothing about the two.
    #expect(Preference.bothOrders([[0, 0.75], [0.75, 0]]) == [[0.5, 0.5], [0.5, 0.5]])
  }

  @Test func strengtheningGoesThroughEveryPivot() {
    let raw = [[0.5, 1, 0.25], [0, 0.5, 1], [0.75, 0, 0.5]]
    #expect(Preference.strengthened(raw) == [[0.5, 1, 1], [0.75, 0.5, 1], [0.75, 0.75, 0.5]])
    #expect(Preference.strengthened([[0.5]]) == [[0.5]])
  }

  @Test func scoreIsTheMeanOfResponseAndPreference() {
    #expect(Preference.scores([[0.5, 1], [0, 0.5]], responses: [0.5, 1]) == [0.75, 0.5])
    #expect(Preference.scores([[0.5]], responses: [0.25]) == [0.25])
    #expect(Preference.best([0.5, 1, 1]) == 1)
    #expect(Preference.best([]) == nil)
  }

  @Test func listF1MatchesOneToOne() {
    #expect(Preference.listF1(["a b", "a b"], reference: ["a b", "c d"]) == 0.5)
    #expect(Preference.listF1(["c d", "a b"], reference: ["a b", "c d"]) == 1)
    #expect(Preference.listF1([], reference: ["a"]) == 0)
  }
}
