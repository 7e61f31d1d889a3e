import Testing

@testable import RetortCore
@testable import RetortStages

struct TextUnitTests {
  @Test(arguments: [
    ("If A, then B.", "if a then  B"), ("well-known", "well known"), ("（Ａ）", "(A)"), ("(A)", "A"),
    ("**Answer: B.**", "answer b"), ("don’t", "don't"), ("he came - late", "He came — late!"),
    ("é", "e\u{301}"), ("a\u{2028}b", "a b"), ("7+5", "7 + 5"), ("答案是B。", "答案是b"), ("❤️", "❤"),
    ("word\u{200B}s", "words"), ("« oui »", "oui"), ("* item", "item"), ("- item", "item"), ("¿Qué?", "qué"),
  ])
  func saysTheSame(left: String, right: String) {
    #expect(TextUnit.units(of: left) == TextUnit.units(of: right))
  }

  @Test(arguments: [
    ("7 + 5", "7 - 5"), ("7 - 5", "7 5"), ("C", "C++"), ("C++", "C#"), ("C", "C#"), ("$5", "5"), ("$5", "€5"),
    ("1.5", "15"), ("1.5", "1 5"), ("3:2", "3 2"), (".5", "5"), ("-5", "5"), ("x - y", "x y"), ("5!", "5"),
    ("x < 5", "x > 5"), ("(7 + 5) * 2", "7 + (5 * 2)"), ("f(x)", "f x"), ("2*3", "2 3"), ("x²", "x2"),
    ("🙂🙃", "🙃🙂"), ("🙂", "🙃"), ("50%", "50"), ("A & B", "A B"), ("km/h", "km h"), ("a != b", "a = b"),
    ("[0, 1)", "(0, 1]"), ("C-", "C"), ("it’s", "its"), (".NET", "net"), (":)", ":("), ("−5", "5"),
    ("7 – 5", "7 5"),
  ])
  func saysSomethingElse(left: String, right: String) {
    #expect(TextUnit.units(of: left) != TextUnit.units(of: right))
  }

  @Test func aCharacterIsAWordWhereNoSpacesAreSet() {
    let units = TextUnit.units(of: "GPT模型 한국 ไทย 12.5%")
    #expect(units.map(\.text) == ["gpt", "模", "型", "한", "국", "ไ", "ท", "ย", "12.5", "%"])
    #expect(units.map(\.share) == [12, 6, 6, 4, 4, 3, 3, 3, 12, 0])
  }
}
