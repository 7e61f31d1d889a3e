import Foundation
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Structure files as pipelines name them: their mistakes with places, and what of them is part of a step's key.
@Suite struct StructureFileTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardizedFileURL

  private static let sound = """
    columns: { note: {} }
    lists:
      findings:
        fields: { finding: { grounded_in: [note] }, urgency: { values: [soon, now] } }
    acts: { find: { shows: [note], list: findings } }
    roles: { reader: { system: Read., acts: [find] } }
    """

  private func write(_ structure: String, pipeline: String? = nil, named: String = "s.yaml") throws -> URL {
    let folder = try Bench.folder()
    try Data(structure.utf8).write(to: folder.appending(path: named))
    try Data("{\"note\":\"n\"}\n".utf8).write(to: folder.appending(path: "notes.jsonl"))
    let file = folder.appending(path: "p.yaml")
    try Data(
      (pipeline ?? """
        models: { m: { endpoint: "http://h/v1", name: m } }
        stages:
          notes: { uses: read-jsonl, with: { file: notes.jsonl, columns: [note] } }
          parsed: { uses: parse-rationale, from: notes, with: { model: m, structure: \(named) } }
          sound: { uses: validate-structure, from: parsed, replace: true, with: { structure: \(named) } }
          sets: { uses: export-role-sets, from: sound, with: { folder: out, structure: \(named) } }
        """).utf8
    ).write(to: file)
    return file
  }

  private func report(_ structure: String, pipeline: String? = nil) throws -> String {
    let file = try write(structure, pipeline: pipeline)
    do { _ = try Pipeline.read(file, catalog: .standard, environment: [:]) } catch let errors
      as PipelineErrors
    {
      return errors.description.replacing(file.deletingLastPathComponent().path + "/", with: "")
    }
    return "no mistake"
  }

  private func keys(_ file: URL) throws -> [JSON] {
    try Pipeline.read(file, catalog: .standard, environment: [:]).stages.map(\.identity)
  }

  @Test func aSoundFileHasNone() throws { #expect(try report(Self.sound) == "no mistake") }

  @Test func theShippedFileSaysWhatStandsWithoutOne() throws {
    let folder = Self.root.appending(path: "pipelines", directoryHint: .isDirectory)
    let node = PlacedNode(
      place: FilePosition(file: "p", line: 1, column: 1), value: .scalar("../structures/reasoning.yaml"))
    let log = DecodingLog(folder: folder)
    let file = try NodeDecoder(node, log: log).structureFile()
    #expect(log.mistakes == [])
    #expect(file.structure == Structure.reasoning)
  }

  @Test func everyMistakeIsToldAtItsPlace() throws {
    let text = try report(
      """
      columns: { note: {}, Note: {}, extra: { optional: true, colour: red } }
      lists:
        note: {}
        a.b: { from: [nota] }
        findings:
          least: 4
          most: 2
          grounded_in: [note]
          fields:
            evidence: { grounded_in: [note, extra], share: 2 }
            urgency: { values: [now] }
            verdict: { values: [true, "yes", on], synonyms: { "true": [Yes], no: [n] } }
            value: { type: number, grounded_in: [note] }
            kind: { type: txt }
            nested: { fields: { x: {} } }
      """)
    #expect(
      text == """
        s.yaml:1:57: expected one of the keys 'heading', 'called', 'optional', found 'colour'
        s.yaml:14:21: expected one of 'text', 'number', found 'txt' (did you mean 'text'?)
        s.yaml:15:17: expected one of the keys 'description', 'heading', 'type', 'values', 'synonyms', \
        'share', 'required', 'grounded_in', found 'fields'
        """)
    let rest = try report(
      """
      columns: { note: {}, Note: {}, extra: { optional: true } }
      lists:
        note: {}
        a.b: { from: [nota] }
        findings:
          least: 4
          most: 2
          grounded_in: [note]
          fields:
            evidence: { grounded_in: [note, extra], share: 2 }
            urgency: { values: [now] }
            verdict: { values: [true, "yes", on], synonyms: { "true": [Yes], no: [n] } }
            value: { values: [a, b], grounded_in: [note] }
            bare: { share: 0.5 }
      acts:
        neither: { shows: [note] }
        both: { shows: [note], list: findings, each: findings, gives: [value] }
        unknown: { shows: [nots], list: findings.evidense }
        texts: { shows: [note], each: a.b, gives: [x] }
        item: { shows: [note], each: findings, given: [value], gives: [value] }
        none: { shows: [note], each: findings }
      roles:
        Reader: { system: " ", acts: [item, itme] }
      """)
    #expect(
      rest == """
        s.yaml:1:22: expected another name than 'note' but for case, found 'Note'
        s.yaml:3:3: expected a list of another name, found 'note', which is a column already
        s.yaml:4:3: expected a list's name without '.', found 'a.b'
        s.yaml:4:17: expected a column of this structure (note, Note, extra), found 'nota' (did you mean 'note'?)
        s.yaml:7:11: expected at least 4, found 2
        s.yaml:8:5: expected grounded_in at the fields of a list that has fields
        s.yaml:10:39: expected a column that is shown when the list is asked for (note, Note), found 'extra'; \
        add it to the list's 'from'
        s.yaml:10:54: expected a share from 0 to 1, found 2.0
        s.yaml:11:26: expected 2 to 64 values, found 1
        s.yaml:12:66: expected each word once, found 'Yes', which stands for 'yes' already
        s.yaml:12:72: expected one of the values true, yes, on, found 'no' (did you mean 'on'?)
        s.yaml:13:32: expected grounded_in at texts and numbers alone
        s.yaml:14:15: expected the key 'grounded_in' beside it
        s.yaml:16:3: expected the key 'list' or 'each', found neither
        s.yaml:17:42: expected either 'list' or 'each', found both
        s.yaml:18:22: expected a column of this structure (note, Note, extra), found 'nots' (did you mean 'note'?)
        s.yaml:18:35: expected a field of this structure (evidence, urgency, verdict, value, bare), found \
        'evidense' (did you mean 'evidence'?)
        s.yaml:19:33: expected a list with fields, found 'a.b', whose items are texts
        s.yaml:20:66: expected a field that is not given, found 'value'
        s.yaml:21:3: expected the key 'gives', the fields that are answered, found none
        s.yaml:23:3: expected a role's name of lower-case letters, digits and '_', found 'Reader'
        s.yaml:23:21: expected a sentence, found none
        s.yaml:23:39: expected an act of this structure (neither, both, unknown, texts, item, none), found 'itme' \
        (did you mean 'item'?)
        """)
  }

  @Test(arguments: [
    ("", "s.yaml:1:1: expected a mapping, found nothing"),
    (
      "columns: {}\nlists: {}",
      "s.yaml:1:1: expected at least one column, found none\ns.yaml:2:1: expected at least one list, found none"
    ),
    (
      "columns: { note: {} }\nlists: { a: {}, a: {} }",
      "s.yaml:2:10: expected each key once, found 'a' twice in this mapping"
    ),
    (
      "columns: { note: {} }\nlists: { a: {}, A: {} }",
      "s.yaml:2:17: expected another name than 'a' but for case, found 'A'"
    ),
    (
      "columns: { task: {} }\nlists: { a: {} }",
      "s.yaml:1:12: expected a column of another name, found 'task', which prompts have of their own"
    ),
    ("columns: [note]\nlists: { a: {} }", "s.yaml:1:10: expected a mapping, found a list"),
    (
      "columns: { note: {} }\nlists: { demonstrations: {} }",
      "s.yaml:2:10: expected a list of another name, found 'demonstrations', which is a column already"
    ),
  ])
  func oddFiles(structure: String, mistakes: String) throws {
    #expect(try report(structure).hasPrefix(mistakes))
  }

  @Test func aliasesOfAliasesAreRefusedBeforeTheyAreBuilt() throws {
    let bomb = (1...12).map {
      "a\($0): &a\($0) [\(repeatElement("*a\($0 - 1)", count: 10).joined(separator: ", "))]"
    }
    let text = try report((["a0: &a0 [x, x]"] + bomb).joined(separator: "\n"))
    #expect(text.contains("expected at most 100000 values in the file, aliases written out"))
  }

  @Test func textsStandAsTheyAre() throws {
    let file = try write(Self.sound.replacing("Read.", with: "'Read ${HOME} {{note}}.'"))
    let keys = try keys(file)
    #expect(keys[3]["with"]?["structure"]?["roles"]?["reader"]?["system"] == "Read ${HOME} {{note}}.")
  }

  @Test func aColumnThatNoStageGivesIsToldWhereTheStructureNamesIt() throws {
    let text = try report(Self.sound.replacing("note", with: "text"))
    #expect(
      text == """
        s.yaml:1:12: expected a column of 'notes' (note), found 'text', which 'parsed' reads
        s.yaml:1:12: expected a column of 'parsed' (note, findings), found 'text', which 'sound' reads
        s.yaml:1:12: expected a column of 'sound' (note, findings, structure_repairs), found 'text', which 'sets' reads
        """)
  }

  @Test func theContentIsPartOfTheKeyAndNeitherPathNorComments() throws {
    let first = try keys(write(Self.sound))
    #expect(try keys(write("# a comment\n" + Self.sound, named: "other.yaml")) == first)
    let changed = try keys(write(Self.sound.replacing("[soon, now]", with: "[soon, now, never]")))
    #expect(zip(changed, first).map { $0 == $1 } == [true, false, false, false])
  }

  @Test func whatElseIsWrongShowsBesideTheFile() throws {
    let text = try report(
      "columns: { note: {} }",
      pipeline: """
        models: { m: { endpoint: "http://h/v1", name: m } }
        stages:
          notes: { uses: read-jsonl, with: { file: notes.jsonl, columns: [note] } }
          a: { uses: parse-rationale, from: notes, with: { model: m, structure: s.yaml, repair: 99 } }
          b: { uses: parse-rationale, from: notes, with: { model: m, structure: nowhere.yaml } }
        """)
    #expect(
      text.replacing(#/ \(.*\)/#, with: "") == """
        p.yaml:4:89: repair: expected 0 to 10, found 99
        p.yaml:5:73: expected a readable file, found none at 'nowhere.yaml'
        s.yaml:1:1: expected the key 'lists', found none
        """)
  }

  @Test func stagesRefuseWhatSpeaksOfTheTasksOwn() throws {
    let text = try report(
      Self.sound.replacing("roles: { reader: { system: Read., acts: [find] } }", with: ""),
      pipeline: """
        models: { m: { endpoint: "http://h/v1", name: m } }
        stages:
          notes: { uses: read-jsonl, with: { file: notes.jsonl, columns: [note] } }
          a: { uses: parse-rationale, from: notes, with: { model: m, lists: [x] } }
          b: { uses: parse-rationale, from: notes, with: { model: m, structure: s.yaml, show_conditions: true } }
          c: { uses: parse-rationale, from: notes, with: { model: m, structure: s.yaml, lists: [finding, finding] } }
          d:
            uses: validate-structure
            from: notes
            with: { structure: s.yaml, min_conditions: 1, max_statements: 2, rationale_rules: [prose] }
          e: { uses: export-role-sets, from: notes, with: { folder: o, structure: s.yaml, instructions: {} } }
          f: { uses: parse-question, from: notes, with: { model: m, lists: [x] } }
        """)
    #expect(
      text.split(separator: "\n").map { $0.prefix(96) } == [
        "p.yaml:4:69: lists: expected the key 'structure' beside it, found none",
        "p.yaml:5:98: show_conditions: expected none beside a structure, whose lists say what they are sh",
        "p.yaml:6:89: expected a list of the structure (findings), found 'finding' (did you mean 'finding",
        "p.yaml:6:98: expected each list once, found 'finding' again",
        "p.yaml:10:48: min_conditions: expected none beside a structure, whose lists say least and most",
        "p.yaml:10:67: max_statements: expected none beside a structure, whose lists say least and most",
        "p.yaml:10:87: rationale_rules: expected a structure with the key 'answer', which says where the ",
        "p.yaml:11:75: structure: expected one with roles, found none in it",
        "p.yaml:11:97: instructions: expected none beside a structure, whose roles have their system turn",
        "p.yaml:12:68: lists: expected the key 'structure' beside it, found none",
      ])
  }
}
