import Foundation
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// One mistake of each kind in files of the standard stage kinds: one report names them all, with their places.
@Suite struct BadPipelineTests {
  /// `exists: false` holds of any column that is not there, so that a slip would keep every row.
  @Test func aConditionOnAColumnThatNoRowHasIsASlip() throws {
    #expect(
      try report(
        """
        stages:
          a: { uses: generate-puzzles, with: { seed: 1, count: 1 } }
          b: { uses: filter, from: a, with: { where: [{ column: answr, exists: false }] } }
          c: { uses: route, from: a, with: { default: x, cases: [{ to: y, where: [{ column: puzle, exists: true }] }] } }
          d: { uses: filter, from: a, with: { where: [{ column: answer, exists: true }] } }
        """) == """
          p.yaml:3:57: expected a column of 'a' (id, kind, question, question_parsing, answer, puzzle), found 'answr', which 'b' \
          reads (did you mean 'answer'?)
          p.yaml:4:85: expected a column of 'a' (id, kind, question, question_parsing, answer, puzzle), found 'puzle', which 'c' \
          reads (did you mean 'puzzle'?)
          """)
  }

  private func report(_ yaml: String, files: [String: String] = [:]) throws -> String {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let file = folder.appending(path: "p.yaml")
    try yaml.write(to: file, atomically: true, encoding: .utf8)
    do { _ = try Pipeline.read(file, catalog: .standard, environment: [:]) } catch let errors
      as PipelineErrors
    {
      return errors.description.replacing(folder.path + "/", with: "")
    }
    return "no mistake"
  }

  @Test func mistakesOfASchemaHaveTheirPlaces() throws {
    let text = try report(
      """
      models: { other: { endpoint: "http://h/v1", name: m } }
      stages:
        more: { uses: generate-puzzles, with: { seed: 1, count: 1 } }
        a:
          uses: generate
          from: more
          with:
            model: other
            template: "{{question}}"
            schema:
              type: object
              properties:
                grade: { type: integr, minimum: 1 }
                tags: { type: array, items: { type: string, maxLenght: 9 } }
                kind: { anyOf: [{ type: string }, { enum: [] }] }
              required: grade
      """)
    #expect(
      text == """
        p.yaml:13:26: schema: expected one of array, boolean, integer, null, number, object, string, found \
        "integr" (did you mean 'integer'?)
        p.yaml:14:55: schema: expected a keyword that replies can be held to (docs/pipeline-file.md), found \
        'maxLenght' (did you mean 'maxLength'?)
        p.yaml:15:53: schema: expected a list of at least one value, found []
        p.yaml:16:19: schema: expected a list of different names, found "grade"
        """)
  }

  @Test func everyKindOfMistakeIsInOneReport() throws {
    let text = try report(
      """
      models:
        teacher: { endpoint: "${NO_SUCH}/v1", name: m }
        other: { endpoint: "http://h/v1", name: m, price: { inptu: 1, output: 2 } }
      stages:
        raw: { uses: read-jsonl, with: { file: absent.jsonl } }
        puzzles: { uses: generate-puzzles, with: { seed: 1, count: -1 } }
        more: { uses: generate-puzzles, with: { seed: 1, count: 1 } }
        a: { uses: filter, from: more, with: { where: [{ column: kind, equls: x }] } }
        b: { uses: filter, from: c, with: { where: [{ column: question, exists: true }] } }
        c: { uses: filter, from: b, with: { where: [{ column: question, exists: true }] } }
        d: { uses: generate, from: more, with: { model: techer, prompt: nowhere.mustache } }
        e: { uses: generate, from: more, with: { model: other, template: "{{question}} {{#open}}" } }
        f: { uses: generate, from: more, with: { model: other, template: "{{qestion}}" } }
        g: { uses: generate, from: more, with: { model: other, prompt: p.mustache } }
        h: { uses: deduplicate, from: more, with: { column: qustion } }
        i: { uses: sampel, from: more, with: { count: 3 } }
        j: { uses: export-jsonl, from: mroe, on_failre: drop, with: { file: out } }
        k: { uses: export-role-sets, from: more, with: { folder: out, instructions: { cot_pasring: t } } }
      """,
      files: ["p.mustache": "Hello {{question}}\n{{qestoin}}\n", "t": "{{"])
    #expect(
      text == """
        p.yaml:2:24: expected the environment variable NO_SUCH to be set, found it absent; set it or write \
        '${NO_SUCH:-default}'
        p.yaml:3:53: expected the key 'input', found none
        p.yaml:3:55: expected one of the keys 'input', 'output', 'cached_input', 'written_input', found 'inptu' (did you mean \
        'input'?)
        p.yaml:5:42: expected a readable file, found none at 'absent.jsonl' (absent.jsonl)
        p.yaml:6:62: count: expected 0 or more, found -1
        p.yaml:8:66: expected one of the keys 'column', 'equals', 'not', 'min', 'max', 'above', 'below', \
        'matches', 'exists', 'in', 'min_items', found 'equls' (did you mean 'equals'?)
        p.yaml:9:3: expected stages without a cycle, found b takes c takes b
        p.yaml:11:51: expected a model of this file (teacher, other), found 'techer' (did you mean 'teacher'?)
        p.yaml:11:67: expected a readable file, found none at 'nowhere.mustache' (nowhere.mustache)
        p.yaml:12:68: template: prompt, line 1, column 14: expected '{{/open}}' for this section, found the end \
        of the text
        p.yaml:13:68: expected a column of 'more' (id, kind, question, question_parsing, answer, puzzle), found \
        'qestion', which 'f' reads (did you mean 'question'?)
        p.yaml:15:55: expected a column of 'more' (id, kind, question, question_parsing, answer, puzzle), found \
        'qustion', which 'h' reads (did you mean 'question'?)
        p.yaml:16:14: expected a stage kind (see 'retort stages'), found 'sampel' (did you mean 'sample'?)
        p.yaml:17:34: expected a stage of this file, found 'mroe' (did you mean 'more'?)
        p.yaml:17:40: expected one of the keys 'uses', 'from', 'using', 'per', 'replace', 'with', 'as', \
        'on_failure', found 'on_failre' (did you mean 'on_failure'?)
        p.yaml:18:60: expected a path that no other export writes, found 'out', which 'j' writes at p.yaml:17:71
        p.yaml:18:81: expected one of the keys 'question_parsing', 'cot_parsing', 'cot_verification', found \
        'cot_pasring' (did you mean 'cot_parsing'?)
        p.mustache:2:1: expected a column of 'more' (id, kind, question, question_parsing, answer, puzzle), \
        found 'qestoin', which 'g' reads (did you mean 'question'?)
        """)
  }

  @Test(arguments: [
    (
      "models:\n  m: { name: x\nstages:\n  a: { uses: read-json }\n",
      "p.yaml:3:7: expected YAML, found a mistake in it: did not find expected ',' or '}' "
        + "(while parsing a flow mapping at line 2)"
    ),
    (
      "stages:\n  a: { uses: join }\n\tb: { uses: join }\n",
      "p.yaml:3:1: expected YAML, found a mistake in it: found character that cannot start any token "
        + "(while scanning for the next token at line 3)"
    ),
  ])
  func brokenYAMLHasItsPlace(yaml: String, expected: String) throws {
    #expect(try report(yaml) == expected)
  }
}
