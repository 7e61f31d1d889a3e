import RetortCore
import Testing

@testable import RetortStages

@Suite struct WordListTests {
  @Test func foldsCaseAndPunctuation() {
    #expect(WordList("“L's” turn,\n 2nd!").list == ["l", "s", "turn", "2nd"])
    #expect(WordList("甲去 UK").list == ["甲", "去", "uk"])
    #expect(WordList(" … ").isEmpty)
  }

  @Test func overlapIsTheBestStretch() {
    let source = WordList("a b c d e f g h i j k l m n a b x y z c d")
    #expect(WordList("e, f; g").overlap(with: source) == 1)
    #expect(WordList("a b q").overlap(with: source) == 2.0 / 3)
    #expect(WordList("a a").overlap(with: source) == 0.5)
    #expect(WordList("q r").overlap(with: source) == 0)
    #expect(WordList("a b").overlap(with: WordList("")) == 0)
    #expect(WordList("").overlap(with: source) == 1)
  }

  @Test func f1CountsMultiplicity() {
    #expect(WordList("a a b").f1(with: WordList("a b b")) == 2.0 / 3)
    #expect(WordList("").f1(with: WordList("a")) == 0)
  }

  @Test(arguments: [
    ("x < 5", ["x", "<", "5"]), ("7 - 5 and 7-5", ["7", "-", "5", "and", "7", "-", "5"]),
    ("x is −5", ["x", "is", "-5"]),
    ("well-known, and/or *this*", ["well", "known", "and", "or", "this"]),
    ("> - quoted 1,000.5", ["quoted", "1000.5"]),
    ("x <= 5", ["x", "≤", "5"]), ("ＡＢ１２", ["ab12"]), ("かな漢字", ["か", "な", "漢", "字"]),
    ("ไทย", ["ไ", "ท", "ย"]), ("🍎🍐", ["🍎", "🍐"]), ("a -> b", ["a", "b"]), ("3.5%", ["3.5"]),
  ])
  func contentHasSigns(text: String, words: [Substring]) {
    #expect(WordList(content: text).list == words)
  }

  @Test(arguments: [
    ("Therefore the answer is (B).", "B"), ("Answer: c", "C"), ("So option D is correct.", "D"),
    (#"\boxed{A}"#, "A"), ("answer is A. No, the answer is B.", "B"),
  ])
  func findsTheStatedAnswer(text: String, letter: String) {
    #expect(StatedAnswer.letter(in: text) == letter)
  }

  @Test(arguments: ["B is a man", "The answer is a matter of taste", "We compare option B with C"])
  func aMentionIsNoAnswer(text: String) {
    #expect(StatedAnswer.letter(in: text) == nil)
  }

  @Test(arguments: [
    ("b c", "a b c d", true), ("", "a", true), ("a", "", false), ("a a b", "a a a b", true),
    ("a b a b c", "a b a b a b c", true), ("a b a c", "a b a b a", false), ("c d", "a b c", false),
  ]) func wordsStandOneAfterAnother(words: String, text: String, found: Bool) {
    #expect(WordList(words).occur(in: WordList(text)) == found)
  }

  /// Half a word list of one word against the other half would be compared 10 billion times, pair by pair.
  @Test func repeatedWordsAreSearchedInProportionToTheirNumber() {
    let text = WordList(String(repeating: "a ", count: 200_000))
    #expect(!WordList(String(repeating: "a ", count: 100_000) + "b").occur(in: text))
    #expect(WordList(String(repeating: "a ", count: 100_000)).occur(in: text))
  }
}
