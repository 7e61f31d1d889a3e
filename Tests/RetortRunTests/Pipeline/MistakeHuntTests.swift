import Foundation
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun

/// Every mistake of one `with:` in one report, and none that is not one.
struct MistakeHuntTests {
  private func mistakes(_ stages: String, files: [String: String] = [:]) throws -> [String] {
    let folder = try Bench.folder()
    for (name, text) in files {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let file = folder.appending(path: "p.yaml")
    let head = """
      models: { m: { endpoint: "http://h/v1", name: m }, e: { endpoint: "http://h/v1", name: e, kind: embedding } }
      stages:
        rows: { uses: generate-puzzles, with: { seed: 1, count: 1 } }

      """
    try (head + stages).write(to: file, atomically: true, encoding: .utf8)
    do {
      _ = try Pipeline.read(file, catalog: .standard, environment: [:])
      return []
    } catch let errors as PipelineErrors {
      return errors.diagnostics.map { "\($0.line):\($0.column) \($0.message)" }
    }
  }

  @Test func allOfOneConfigurationAreTold() throws {
    let found = try mistakes(
      """
        a:
          uses: generate
          from: rows
          with:
            model: e
            template: "{{question"
            samples: 0
            temperature: 9
            repair: x
            top_p: 2
            sytem: hm
      """)
    #expect(
      found.map { $0.prefix { $0 != " " } } == ["8:14", "9:17", "10:16", "11:20", "12:15", "13:14", "14:7"])
  }

  @Test func aRequiredKeyDoesNotHideOthers() throws {
    #expect(
      try mistakes("  a: { uses: generate-puzzles, with: { seed: 1, count: -1, wrong_share: 7 } }\n").map {
        $0.drop { $0 != " " }.dropFirst().prefix { $0 != ":" }
      } == ["count", "wrong_share"])
  }

  @Test func whatFollowsFromOneIsNoMistakeOfItsOwn() throws {
    #expect(
      try mistakes(
        "  a: { uses: export-preferences, from: rows, with: { folder: out, margin: [x], margin_scale: 2 } }\n"
      ).filter { !$0.contains("expected a column") } == ["4:75 expected a string, found a list"])
    #expect(
      try mistakes(
        "  a: { uses: synthesize-rationale, from: rows, with: { model: m, budget_factor: x, limit_factor: 2 } }\n"
      )
        == ["4:81 expected a number, found 'x'"])
    #expect(try mistakes("  a: { uses: generate, from: rows, with: { model: m } }\n").count == 1)
  }

  @Test func aBrokenTemplateDoesNotHideOthers() throws {
    let found = try mistakes(
      "  a: { uses: sample-rollouts, from: rows, as: { answer: x }, with: { model: m, prompt: p.txt, samples: 0 } }\n",
      files: ["p.txt": "{{#question}} {{> part}}"])
    #expect(found.count == 2 && found[0].hasPrefix("4:") && found[1].hasPrefix("1:15 "))
  }

  // MARK: Sections

  @Test(arguments: [
    ("{{#options}}{{.}} {{question}}{{/options}}", ""),
    (
      "{{#options}}{{text}}{{/options}}",
      "expected '{{.}}' or a column of 'exam' (question, answer, context, query, options, id) inside the section on 'options', which is a list, each a text, found 'text'"
    ),
    (
      "{{#question}}{{answr}}{{/question}}",
      "expected '{{.}}' or a column of 'exam' (question, answer, context, query, options, id) inside the section on 'question', which is a text, found 'answr' (did you mean 'answer'?)"
    ),
    (
      "{{#meta}}{{meta}}{{/meta}}",
      "expected a column of 'exam' (question, answer, context, query, options, id), found 'meta', which 'a' reads"
    ),
    (
      "{{^question}}{{meta}}{{/question}}",
      "expected a column of 'exam' (question, answer, context, query, options, id), found 'meta', which 'a' reads"
    ),
    (
      "{{#question}}",
      "template: prompt, line 1, column 1: expected '{{/question}}' for this section, found the end of the text"
    ),
  ])
  func sectionsThatCannotWorkAreMistakes(template: String, message: String) throws {
    let found = try mistakes(
      """
        exam: { uses: read-logiqa, with: { file: q.txt } }
        a: { uses: generate, from: exam, with: { model: m, template: "\(template)" } }
      """, files: ["q.txt": ""])
    #expect(found.map { $0.drop { $0 != " " }.dropFirst() } == (message.isEmpty ? [] : [message[...]]))
  }

  @Test(arguments: ["", ", columns: [question]", ", columns: [question], defaults: { meta: x }"])
  func columnsOfSomeRowsAloneAreOptional(columns: String) throws {
    let found = try mistakes(
      """
        data: { uses: read-jsonl, with: { file: q.jsonl\(columns) } }
        a:
          uses: generate
          from: [data, rows]
          with: { model: m, template: "{{question}}{{#meta}} {{meta.title}} {{name}}{{/meta}}{{^meta}}-{{/meta}}" }
      """, files: ["q.jsonl": ""])
    #expect(found == [])
  }

  @Test func aPlainNameIsNoOption() throws {
    #expect(
      try mistakes(
        """
          data: { uses: read-jsonl, with: { file: q.jsonl, columns: [question] } }
          a: { uses: generate, from: data, with: { model: m, template: "{{#meta}}{{meta}}{{/meta}} {{meta}}" } }
        """, files: ["q.jsonl": ""]
      ).count == 1)
  }

  @Test func aTextThatIsSentAsItIsHasNoSections() throws {
    #expect(
      try mistakes(
        "  a: { uses: sample-rollouts, from: rows, as: { answer: x }, with: { model: m, system: \"{{#kind}}x{{/kind}}\" } }\n"
      ) == [
        "4:88 system: expected a text without sections, since it is sent as it is written, found '{{#kind}}'"
      ])
    #expect(
      try mistakes(
        "  a: { uses: sample-rollouts, from: rows, as: { answer: x }, with: { model: m, system: \"Write {{x}}.\" } }\n"
      ) == [])
  }

  // MARK: Names

  @Test func manyWrongNamesAreToldWithoutGuesses() throws {
    let names = (0..<60).map { "row\($0)" }.joined(separator: ", ")
    let found = try mistakes("  a: { uses: sample, from: [\(names)], with: { count: 1 } }\n")
    #expect(found.count == 60)
    #expect(found.count { $0.contains("did you mean") } <= 50)
  }
}
