import RetortCore
import RetortReport
import RetortRun
import RetortStages
import RetortStore
import Testing

@testable import RetortCLI

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("naïve", 5), ("e\u{301}a", 2), ("日本語", 6), ("ｆｕｌｌ", 8), ("한국", 4),
    ("\u{1112}\u{1161}\u{11AB}", 2),
    ("😀", 2), ("👩‍👩‍👧‍👦", 2), ("🇩🇪", 2), ("❤️", 2), ("👍🏽", 2), ("⚠", 1), ("a\u{200B}b", 2), ("\u{FEFF}", 0),
    ("שלום", 4), ("…", 1), ("𠀀", 2),
  ])
  func columns(text: String, width: Int) { #expect(DisplayWidth.of(text) == width) }

  @Test func aPrefixHasNoHalfOfALetter() {
    #expect(DisplayWidth.prefix("日本語", 5) == "日本")
    #expect(DisplayWidth.prefix("ab", 5) == "ab")
    #expect(DisplayWidth.prefix("a\u{301}\u{302}b", 1) == "a\u{301}\u{302}")
  }
}

@Suite struct TextLayoutTests {
  private func lines(_ text: String, _ width: Int, first: Int? = nil, limit: Int? = nil) -> [String] {
    let layout = TextLayout(text, width: width, first: first, limit: limit)
    return layout.lines + (layout.rest > 0 ? ["+\(layout.rest)"] : [])
  }

  @Test func linesAreBrokenAtSpacesOrWhereTheyMust() {
    #expect(lines("one two three four", 10) == ["one two", "three four"])
    #expect(lines("abcdefghijklm", 10) == ["abcdefghij", "klm"])
    #expect(lines("a bcdefghijklm", 10) == ["a bcdefghi", "jklm"])
    #expect(lines("日本語日本語", 9) == ["日本語日", "本語"])
    #expect(lines("one two", 10, first: 8) == ["one two"])
    #expect(lines("one two three", 20, first: 8) == ["one two", "three"])
    #expect(lines("[1.25,2.25,3.25]", 12) == ["[1.25,2.25,", "3.25]"])
    #expect(lines("", 10) == [""])
  }

  @Test func linesOfTheTextAreKeptAndTabsAreSpaces() {
    #expect(lines("a\n\nb\n", 10) == ["a", "", "b", ""])
    #expect(lines("a\tb\t日\tc", 40) == ["a       b       日      c"])
  }

  @Test func whatIsLeftOutIsCounted() {
    #expect(lines("one two three four", 10, limit: 1) == ["one two", "+10"])
    #expect(lines("one\ntwo\nthree", 10, limit: 2) == ["one", "two", "+5"])
    #expect(lines("one two", 10, limit: 1) == ["one two"])
    #expect(
      lines(String(repeating: "x", count: 1_000_000), 10, limit: 2) == [
        "xxxxxxxxxx", "xxxxxxxxxx", "+999980",
      ])
  }

  /// A letter with a million accents is one.
  @Test func marksWithoutEndEnd() {
    let text = "a" + String(repeating: "\u{301}", count: 100_000) + "b"
    let layout = TextLayout(text, width: 10, limit: 2)
    #expect(layout.lines.joined().unicodeScalars.count < 100)
    #expect(layout.rest > 0)
  }
}

@Suite struct UnifiedDiffTests {
  @Test func changesStandInTheirSurroundings() {
    let old = (1...12).map { "line \($0)" }
    var new = old
    new[1] = "changed"
    new.remove(at: 9)
    new.append("last")
    #expect(
      UnifiedDiff.lines(old.joined(separator: "\n"), new.joined(separator: "\n")) == [
        "@@ -1,5 +1,5 @@", " line 1", "-line 2", "+changed", " line 3", " line 4", " line 5",
        "@@ -7,6 +7,6 @@", " line 7", " line 8", " line 9", "-line 10", " line 11", " line 12", "+last",
      ])
    #expect(UnifiedDiff.lines("a\nb", "a\nb") == [])
    #expect(UnifiedDiff.lines("", "a") == ["@@ -1,1 +1,1 @@", "-", "+a"])
  }
}
