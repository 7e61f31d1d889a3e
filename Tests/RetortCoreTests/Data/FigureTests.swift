import Testing

@testable import RetortCore

@Suite struct FigureTests {
  @Test func numbersAreShort() {
    #expect(
      [0.25, 12.345, 1200, -0.5, 3].map(Figure.short) == ["0.25", "12.3", "1\u{202F}200", "-0.5", "3"])
    #expect([1e100, .nan, -.infinity].map(Figure.short) == ["1e+100", "?", "?"])
    #expect([1_234_567, -1234, 0].map(Figure.count) == ["1\u{202F}234\u{202F}567", "−1\u{202F}234", "0"])
  }

  @Test func costIsSaidWhereItIsKnown() {
    #expect(Figure.cost(0, calls: 0, unpriced: 0) == "USD 0.0000")
    #expect(Figure.cost(0.05, calls: 2, unpriced: 0) == "USD 0.0500")
    #expect(Figure.cost(0, calls: 2, unpriced: 2) == "no price set")
    #expect(Figure.cost(1.5, calls: 3, unpriced: 1) == "USD 1.50, and 1 call without a price")
    // A price of 0 is a price.
    #expect(Figure.cost(0, calls: 3, unpriced: 2) == "USD 0.0000, and 2 calls without a price")
    #expect(
      [
        CallTally(made: 2, usd: 0.5), CallTally(made: 2, unpriced: 2),
        CallTally(made: 2, usd: 0.5, unpriced: 1),
      ].map(\.amount) == ["0.50", "no price", "0.50+"])
  }
}
