import Testing

@testable import RetortCore

@Suite struct SchemaPatternTests {
  @Test(arguments: [
    ("^[a-z]+$", "abc", true), ("^[a-z]+$", "abc\n", false), ("^[a-z]+$", "", false), ("b", "abc", true),
    ("^(a|bc)*$", "abcbca", true), ("^(a|bc)*$", "abcb", false), (#"^\d{3}-\d{2,}$"#, "123-4567", true),
    (#"^\d{3}-\d{2,}$"#, "123-4", false), ("^a{0,2}$", "aaa", false), ("^(a{2}){2}$", "aaaa", true),
    (#"^\w+@\w+\.\w+$"#, "a@b.c", true), ("^.$", "é", true), ("^.$", "\n", false), ("^.$", "😀", true),
    (#"^[^\d\s]+$"#, "a b", false), (#"^[\w-]+$"#, "a-b", true), (#"^[\D]$"#, "5", false),
    ("^[]$", "", false),
    (#"\bcat\b"#, "a cat.", true), (#"\bcat\b"#, "scatter", false), (#"^\u0041\x42\u{43}$"#, "ABC", true),
    (#"^\p{Lu}\p{Ll}+$"#, "Élan", true), (#"^\P{L}+$"#, "12a", false), ("^(?:a|)b?$", "", true),
    ("(?<year>[0-9]{4})", "in 2026", true), (#"^[\]\\]+$"#, #"]\"#, true), ("^a+?b*?$", "aab", true),
    ("^(a*)*$", "aaab", false), ("^$", "", true), ("", "x", true), (#"^\/\.\-$"#, "/.-", true),
  ])
  func finds(pattern: String, text: String, isFound: Bool) throws {
    #expect(try SchemaPattern(pattern).isFound(in: text) == isFound)
  }

  @Test(arguments: [
    ("(a", "expected ')', found the end of the pattern at character 3"),
    ("a)", "expected the end of the pattern, found ')' at character 2"),
    ("*a", "expected something to repeat before it, found '*' at character 1"),
    ("a**", "expected one repetition, found '*' at character 3"),
    ("[z-a]", "expected a range from a character to a later one, found '-' at character 3"),
    ("[a", "expected ']', found the end of the pattern at character 3"),
    (
      "(?=a)",
      "expected a group without looking ahead or behind, which is not matched here, found '(' at character 1"
    ),
    (#"(a)\1"#, "expected an escape that can be matched here, found '1' at character 5"),
    (#"\p{Greek}"#, "expected a general category such as {L} or {Lu}, found '{' at character 3"),
    ("a{2,1}", "expected the least number of repetitions first, found '{' at character 2"),
    ("a{5000}", "expected at most 1000 repetitions, found '{' at character 2"),
    ("((a{100}){100}){100}", "expected a pattern of at most 10000 steps, repetitions written out"),
    (#"\"#, "expected a character after '\\', found the end of the pattern at character 2"),
  ])
  func refuses(pattern: String, message: String) {
    #expect(throws: SchemaPattern.Refusal(message: message)) { try SchemaPattern(pattern) }
  }

  @Test func timeIsBounded() throws {
    let text = String(repeating: "a", count: 20_000) + "!"
    #expect(try SchemaPattern(#"^(\w+\s?)*$"#).isFound(in: text) == false)
    #expect(try SchemaPattern("^(a|a)*(a|aa)+$").isFound(in: text) == false)
  }
}
