import OrderedCollections
import Testing

@testable import RetortCore

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
    (
      "{{^miss}}{{miss}}{{/miss}}",
      "prompt, line 1, column 10: expected one of 'question', 'none', found 'miss'"
    ),
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
      "{{a b}}",
      "prompt, line 1, column 1: expected a name of letters, digits, '_', '-' and '.', found 'a b'; a rename stage gives a "
        + "column such a name"
    ),
  ])
  func saysWhatIsWrongAndWhere(template: String, report: String) throws {
    let error = #expect(throws: PromptError.self) {
      _ = try Prompt(text: template).render(["question": "q", "none": nil])
    }
    #expect(error?.description == report)
  }

  @Test(
    arguments: [
      (nil, "-"), (.null, "-"), (false, "-"), ([], "-"), ("", "-"), (0, "+0"), ([:], "+{}"), (" ", "+ "),
      ("{{q}}", "+{{q}}"),
      (["a", "b"], "+a+b"), (["x": 1], "+{\"x\":1}"), ([false], "+false"),
    ] as [(JSON?, String)])
  func aSectionIsLeftOutWhereThereIsNothing(meta: JSON?, text: String) throws {
    var values: JSON.Object = ["q": 1]
    values["meta"] = meta
    #expect(try Prompt(text: "{{#meta}}+{{.}}{{/meta}}{{^meta}}-{{/meta}}").render(values) == text)
  }

  @Test func sectionsLookIntoFields() throws {
    let prompt = try Prompt(text: "{{#a.b}}{{c}}{{/a.b}}{{^a.b}}none{{/a.b}}")
    #expect(try prompt.render(["a": ["b": ["c": 7]]]) == "7")
    #expect(try prompt.render(["a": ["x": 1]]) == "none")
    #expect(try prompt.render(["a": "text"]) == "none")
    #expect(try prompt.render([:]) == "none")
  }

  @Test func namesInSectionsAloneAreOptional() throws {
    let reads = { (text: String) in try Prompt(text: text).reads }
    #expect(try reads("{{#meta}}x{{/meta}}") == [ColumnUse(sectionOn: "meta")])
    #expect(try reads("{{^größe}}{{q}}{{/größe}}") == [ColumnUse(sectionOn: "größe"), ColumnUse("q")])
    #expect(try reads("{{#meta}}x{{/meta}}{{meta}}") == [ColumnUse("meta")])
    #expect(try reads("{{#meta}}x{{/meta}}\n{{meta.a}}") == [ColumnUse("meta")])
  }

  @Test func aDotIsAField() throws {
    let error = #expect(throws: PromptError.self) { try Prompt(text: "{{a.b}}").render(["a.b": 1]) }
    #expect(
      error?.message
        == "expected one of 'a.b', found 'a'; what follows a dot is a field: a column with a dot in its name needs another one"
    )
  }

  @Test func byteOrderMarkAndLineEndsAreTheFilesOwn() throws {
    let text = "{{! c }}\nQ: {{q}}\n{{#list}}\n- {{.}}\n{{/list}}\n"
    let plain = try Prompt(text: text)
    let values: JSON.Object = ["q": "one\r\ntwo", "list": ["x"]]
    #expect(try plain.render(values) == "Q: one\r\ntwo\n- x\n")
    for end in ["\r\n", "\r"] {
      let odd = try Prompt(text: "\u{FEFF}" + text.replacing("\n", with: end))
      #expect(try odd.render(values) == plain.render(values))
      #expect(odd.uses == plain.uses)
    }
  }

  @Test func nestingIsBounded() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "{{#a}}", count: depth) + "x" + String(repeating: "{{/a}}", count: depth)
    }
    #expect(try Prompt(text: nested(64)).render(["a": 1]) == "x")
    let error = #expect(throws: PromptError.self) { try Prompt(text: nested(30_000)) }
    #expect(
      error?.description
        == "prompt, line 1, column 385: expected at most 64 sections inside each other, found more")
  }

  @Test(arguments: ["x", ""]) func loopsInsideLoopsAreBounded(text: String) throws {
    let names = "abcdefghijkl".map(String.init)
    let template = names.map { "{{#\($0)}}" }.joined() + text + names.reversed().map { "{{/\($0)}}" }.joined()
    let list = JSON.array(Array(repeating: 1, count: 6))
    let values = JSON.Object(uniqueKeysWithValues: names.map { ($0, list) })
    let error = #expect(throws: PromptError.self) { try Prompt(text: template).render(values) }
    #expect(error?.message == "expected loops of at most 1000000 parts in all, found more in this section")
  }

  @Test func outputIsBounded() throws {
    let prompt = try Prompt(text: "{{#list}}\n{{long}}\n{{/list}}")
    let values: JSON.Object = [
      "list": .array(Array(repeating: 1, count: 1000)),
      "long": .string(String(repeating: "é", count: 50_000)),
    ]
    let error = #expect(throws: PromptError.self) { try prompt.render(values) }
    #expect(
      error?.description
        == "prompt, line 2, column 1: expected a prompt of at most 16777216 bytes, found more from here on")
  }

  @Test func manyTagsAndLongNamesAreReadInProportion() throws {
    let tags = String(repeating: "{{#a}}{{.}}{{/a}}", count: 50_000)
    #expect(try Prompt(text: tags).render(["a": 1]) == String(repeating: "1", count: 50_000))
    let name = String(repeating: "n", count: 300_000)
    let error = #expect(throws: PromptError.self) {
      try Prompt(text: "{{\(String(repeating: " ", count: 300_000))\(name)}}").render(["m": .string(name)])
    }
    #expect(error?.message == "expected one of 'm', found '\(name.prefix(79))…'")
  }
}
