import OrderedCollections
import Testing

@testable import Retort

struct PromptTests {
  @Test func insertsExactCharacters() throws {
    let prompt = try Prompt(text: "{{q}} & {{{q}}} {{&n}} {{d}} {{a.b}} {{list}}")
    #expect(
      try prompt.render([
        "q": "<\"é\" & '>", "n": 7, "d": 1.5, "a": ["b": true], "list": ["x", 1],
      ]) == "<\"é\" & '> & <\"é\" & '> 7 1.5 true [\"x\",1]")
    #expect(prompt.names == ["q", "n", "d", "a", "list"])
  }

  @Test func sectionsOverListsAndStandaloneLines() throws {
    let prompt = try Prompt(
      text: """
        {{! how the examples look }}
        {{#demonstrations}}
        Question: {{question}}
          {{#hint}}Hint: {{.}} {{/hint}}
        {{/demonstrations}}
        {{^demonstrations}}
        None of {{subject}}.
        {{/demonstrations}}
        Now: {{question}}
        """)
    let filled = try prompt.render([
      "demonstrations": [["question": "a", "hint": ["1", "2"]], ["question": "b", "hint": nil]],
      "question": "c", "subject": "d",
    ])
    #expect(filled == "Question: a\n  Hint: 1 Hint: 2 \nQuestion: b\n  \nNow: c")
    #expect(
      try prompt.render(["demonstrations": [], "question": "c", "subject": "d"]) == "None of d.\nNow: c")
    #expect(prompt.names == ["demonstrations", "subject", "question"])
  }

  @Test(arguments: [
    (
      "a\n  {{qestion}}",
      "prompt, line 2, column 3: expected one of 'question', 'none', found 'qestion' (did you mean 'question'?)"
    ),
    ("{{#miss}}x{{/miss}}", "prompt, line 1, column 1: expected one of 'question', 'none', found 'miss'"),
    (
      "{{question.text}}",
      "prompt, line 1, column 1: expected a value for 'question.text', found a string without 'text'"
    ),
    ("{{none}}", "prompt, line 1, column 1: expected a value for 'none', found null"),
    ("{{question", "prompt, line 1, column 1: expected '}}' for this tag, found the end of the text"),
    (
      "{{#question}}",
      "prompt, line 1, column 1: expected '{{/question}}' for this section, found the end of the text"
    ),
    ("{{#question}}{{/none}}", "prompt, line 1, column 14: expected '{{/question}}', found '{{/none}}'"),
    (
      "{{/question}}",
      "prompt, line 1, column 1: expected no end tag, found '{{/question}}' without a section"
    ),
    (
      "{{> other}}",
      "prompt, line 1, column 1: expected a name, '#', '^', '/', '&' or '!' after '{{', found '>'"
    ),
    (
      "{{a b}}", "prompt, line 1, column 1: expected a name of letters, digits, '_', '-' and '.', found 'a b'"
    ),
  ])
  func saysWhatIsWrongAndWhere(template: String, report: String) throws {
    let error = #expect(throws: PromptError.self) {
      _ = try Prompt(text: template).render(["question": "q", "none": nil])
    }
    #expect(error?.description == report)
  }
}
