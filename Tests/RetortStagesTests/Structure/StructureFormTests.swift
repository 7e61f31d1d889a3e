import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortStages

/// A structure of one's own through the stages that go by it.
@Suite struct StructureFormTests {
  private static let written: JSON = [
    "task": "You take notes apart.",
    "columns": ["note": [:], "Größe": ["optional": true, "called": "size"]],
    "lists": [
      "complaints": [
        "from": ["note"], "grounded_in": ["note"], "one": "complaint", "most": 2, "unique": true,
      ],
      "findings": [
        "from": ["note", "Größe"], "one": "finding", "least": 0,
        "fields": [
          "note": ["grounded_in": ["note", "Größe"], "description": "the words"],
          "wert": ["type": "number", "required": false, "grounded_in": ["note"]],
          "urgency": ["values": ["soon", "now", "not yet"], "synonyms": ["now": ["immediately"]]],
        ],
      ],
    ],
    "acts": [
      "list": ["shows": ["note", "Größe"], "list": "complaints", "asks": "List."],
      "words": ["shows": ["note"], "list": "findings.wert"],
      "value": ["shows": ["note"], "each": "findings", "given": ["note", "wert"], "gives": ["urgency"]],
      "judge": ["shows": ["note"], "each": "findings", "given": ["note"], "gives": ["wert", "urgency"]],
    ],
    "roles": [
      "reader": ["system": "Read.", "acts": ["list", "words"]],
      "judge": ["system": "Judge.", "acts": ["judge", "value"]],
    ],
  ]

  private static func file() throws -> StructureFile { try StructureFile(path: "s.yaml", written) }

  private static let model = ModelRef(ModelSpec(alias: "teacher", name: "t"))

  private func workspace(_ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply) -> Workspace {
    Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat))
  }

  private static let note = "Pulse 112, pale. Chest pain for an hour."
  private static func finding(_ note: String, _ wert: JSON = .null, _ urgency: JSON = "now") -> JSON {
    ["note": .string(note), "wert": wert, "urgency": urgency]
  }

  @Test func aParsingIsAskedForInWordsAndUnderASchema() async throws {
    let reply: JSON = [
      "complaints": ["Chest pain"],
      "findings": [["urgency": "NOT YET.", "note": "Pulse 112", "wert": 112], Self.finding("pale")],
    ]
    let stage = try ParseRationale(
      .init(ParsingConfig(model: Self.model), structure: Self.file()),
      in: workspace { request in
        #expect(
          request.messages[0].content
            == """
            You take notes apart.

            An example:
            Note:
            N

            Größe:
            9
            Its result:
            {"complaints":["x"],"findings":[]}

            Answer with a JSON object that has the keys "complaints" and "findings", and nothing else.

            "complaints": a list of texts, copied from the note, at most 2
            "findings": a list of objects, 0 or more
              "note": a text: the words, copied from the note or the size
              "wert": a number, copied from the note, or null
              "urgency": "soon", "now" or "not yet"

            """.replacing("Größe:\n9", with: "Size:\n9"))
        #expect(request.messages[1].content == "Note:\n\(Self.note)")
        let schema = #"""
          {"type":"object","properties":{"complaints":{"type":"array","maxItems":2,"items":{"type":"string"}},\#
          "findings":{"type":"array","maxItems":16,"items":{"type":"object","properties":{"note":{"type":"string"},\#
          "wert":{"type":["number","null"]},"urgency":{"type":"string","enum":["soon","now","not yet"]}},\#
          "required":["note","wert","urgency"],"additionalProperties":false}}},\#
          "required":["complaints","findings"],"additionalProperties":false}
          """#
        #expect(request.schema?.text == schema)
        return ChatReply(text: reply.text)
      })
    #expect(
      stage.reads == [
        ColumnUse("note"), ColumnUse("Größe", required: false), ColumnUse("demonstrations", required: false),
      ])
    #expect(stage.adds == ["complaints", "findings"])
    let shown: JSON = [["note": "N", "Größe": "9", "complaints": ["x"], "findings": []]]
    let outcome = try await stage.process(.init(["note": .string(Self.note), "demonstrations": shown]))
    let lists: JSON.Object = [
      "complaints": ["Chest pain"],
      "findings": .array([Self.finding("Pulse 112", 112, "NOT YET."), Self.finding("pale")]),
    ]
    let expected = Outcome<ParseRationale.Output>.emit([.init(lists: lists)])
    #expect(outcome == expected)
  }

  @Test func aReplyThatDoesNotFitIsComplainedAbout() async throws {
    let asked = Mutex<[String]>([])
    let stage = try ParseRationale(
      .init(ParsingConfig(model: Self.model), structure: Self.file(), lists: ["findings"]),
      in: workspace { request in
        asked.withLock { $0.append(request.messages.last?.content ?? "") }
        return ChatReply(
          text: request.draw == 0
            ? #"{"findings": [{"note": [["nested"]], "wert": "12", "urgency": 3}, {"note": "a", "more": 1}, "text"]}"#
            : "[]")
      })
    let none = Outcome<ParseRationale.Output>.emit([.init(lists: ["findings": []])])
    #expect(try await stage.process(.init(["note": .string(Self.note)])) == none)
    let complaint = """
      That reply cannot be used. findings[0].note: expected a text, found a list; findings[0].wert: expected a number, \
      found a string; findings[0].urgency: expected a text, found an integer; findings[1]: expected only note, wert and \
      urgency, found 'more'; findings[1].urgency: expected a text, found nothing; findings[2]: expected an object of \
      note, wert and urgency, found a string. Answer again with the corrected JSON and nothing else.
      """
    #expect(asked.withLock { $0[1] } == complaint)
  }

  @Test func aRowWithoutItsTextIsNamed() async throws {
    let stage = try ParseRationale(
      .init(ParsingConfig(model: Self.model), structure: Self.file()),
      in: workspace { _ in ChatReply(text: "{}") })
    await #expect(throws: JSONError("column 'note': expected a value, found no such column")) {
      try await stage.process(.init(["Größe": "1"]))
    }
    await #expect(throws: JSONError("column 'Größe': expected a string, found an integer")) {
      try await stage.process(.init(["note": "n", "Größe": 1]))
    }
  }

  @Test func eachRuleHasItsReason() async throws {
    let stage = try ValidateStructure(.init(structure: Self.file()), in: Bench.nowhere)
    func fate(_ complaints: JSON, _ findings: JSON) async throws -> String {
      let row: JSON.Object = ["note": .string(Self.note), "complaints": complaints, "findings": findings]
      switch try await stage.process(.init(row)) {
      case .drop(let reason, let detail): return "\(reason): \(detail)"
      case .emit(let outputs): return "kept: \(JSON.object(outputs[0].lists.values).text)"
      case .samples: return ""
      }
    }
    let good: JSON = ["Chest pain"]
    #expect(
      try await fate(good, [Self.finding("pulse 112", 112.0, "Immediately!")])
        == #"kept: {"complaints":["Chest pain"],"findings":[{"note":"pulse 112","wert":112.0,"urgency":"now"}]}"#
    )
    #expect(try await fate(good, []) == #"kept: {"complaints":["Chest pain"],"findings":[]}"#)
    #expect(
      try await fate(good, [Self.finding("pale", .null, "later")])
        == #"urgency neither soon, now nor not yet: findings[0].urgency: expected "soon", "now" or "not yet", found "later""#
    )
    #expect(try await fate([], []) == "number of complaints: complaints: expected 1 to 2 items, found 0")
    #expect(
      try await fate(["whales sing"], [])
        == "complaint not in the note: complaints[0]: expected words of the note, found \"whales sing\"")
    #expect(
      try await fate(good, [Self.finding("whales sing")])
        == "note not grounded: findings[0].note: expected words of the note or the size, found \"whales sing\""
    )
    #expect(
      try await fate(good, [Self.finding("pale", 28)])
        == "wert not in the note: findings[0].wert: expected words of the note, found \"28\"")
    #expect(
      try await fate(["Chest pain", "chest pain."], [])
        == "duplicate complaint: complaints[1]: expected another complaint, found complaints[0] again")
    #expect(
      try await fate("Chest pain", [])
        == "not the schema: complaints: expected a list of texts, found a string; "
        + "complaints: expected 1 to 2 items, found 0")
    #expect(
      try await fate(good, [["note": "pale", "urgency": "now"]])
        == #"kept: {"complaints":["Chest pain"],"findings":[{"note":"pale","wert":null,"urgency":"now"}]}"#)
  }

  @Test func keysThatNothingInTheStructureCouldBreakAreRefused() throws {
    #expect(throws: StageErrors.self) {
      try ValidateStructure(.init(structure: Self.file(), conditionGrounding: 0.5), in: Bench.nowhere)
    }
    #expect(throws: StageErrors.self) {
      try ValidateStructure(.init(structure: Self.file(), independentEvidence: true), in: Bench.nowhere)
    }
    let own = try StructureFile(path: "s.yaml", Structure.reasoningFile)
    #expect(throws: Never.self) {
      try ValidateStructure(
        .init(structure: own, conditionGrounding: 0.5, independentEvidence: true), in: Bench.nowhere)
    }
  }

  @Test func aRepairIsAskedForInTheStructuresWords() async throws {
    let stage = try ValidateStructure(
      .init(repair: .init(model: Self.model), structure: Self.file()),
      in: workspace { request in
        #expect(request.messages[0].content.hasSuffix("\"urgency\": \"soon\", \"now\" or \"not yet\""))
        #expect(
          request.messages[1].content == """
            Note:
            \(Self.note)

            Parsing:
            {"complaints":[],"findings":[]}

            Complaints:
            - complaints: expected 1 to 2 items, found 0
            """)
        return ChatReply(text: #"{"complaints": ["pain"], "findings": []}"#)
      })
    let row: JSON.Object = ["note": .string(Self.note), "complaints": [], "findings": []]
    let lists: JSON.Object = ["complaints": ["pain"], "findings": []]
    let mended = Outcome<ValidateStructure.Output>.emit([.init(lists: lists, structureRepairs: 1)])
    #expect(try await stage.process(.init(row)) == mended)
  }

  @Test func rolesAreAskedTheirActsItemByItem() throws {
    let structure = try Self.file().structure
    let row: JSON.Object = [
      "note": "N", "complaints": ["c"],
      "findings": [Self.finding("a", 1, "now"), Self.finding("b", .null, "soon")],
    ]
    let read = try StructureForm(structure).structuredRow(row)
    func examples(_ role: String) throws -> [[String]] {
      structure.examples(of: try #require(structure.roles?[role]), in: read).map { [$0.user, $0.target] }
    }
    #expect(try examples("reader") == [["Note:\nN\n\nList.", #"["c"]"#], ["Note:\nN", "[1]"]])
    // What lacks a given field is no example.
    let judged: [[String]] = [
      ["Note:\nN\n\nNote:\na", #"{"note":"a","wert":1,"urgency":"now"}"#],
      ["Note:\nN\n\nNote:\na\n\nWert:\n1", #"{"note":"a","wert":1,"urgency":"now"}"#],
      ["Note:\nN\n\nNote:\nb", #"{"note":"b","wert":null,"urgency":"soon"}"#],
    ]
    #expect(try examples("judge") == judged)
    #expect(throws: StageError.self) {
      try StructureForm(structure).structuredRow(["note": "N", "complaints": 1, "findings": []])
    }
  }

  @Test func setsAreNamedByTheirRoles() async throws {
    let folder = try Bench.folder()
    let row: JSON = ["note": "N", "complaints": ["c"], "findings": [Self.finding("a", 1)]]
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(), sets: ["validation": Bench.rows([row])])
    let stage = try ExportRoleSets(
      .init(folder: "out", formats: [.messages, .llamaFactory], structure: Self.file()), in: workspace)
    #expect(stage.sets.first?.columns == ["note", "complaints", "findings"])
    _ = try await Bench.answers(of: stage, to: [row])
    let out = folder.appending(path: "out")
    let files = try FileManager.default.subpathsOfDirectory(atPath: out.path).filter { $0.contains(".") }
      .sorted()
    #expect(
      files == [
        "README.md", "dataset_info.json", "manifest.json", "sft/judge-train.jsonl",
        "sft/judge-validation.jsonl",
        "sft/reader-train.jsonl", "sft/reader-validation.jsonl", "train-llamafactory-judge.yaml",
        "train-llamafactory-reader.yaml",
      ])
    let card = try String(contentsOf: out.appending(path: "README.md"), encoding: .utf8)
    #expect(card.contains("Supervised examples for the roles reader and judge."))
    let first = try String(contentsOf: out.appending(path: "sft/reader-train.jsonl"), encoding: .utf8)
      .split(separator: "\n")[0]
    #expect(
      first
        == #"{"messages":[{"role":"system","content":"Read."},{"role":"user","content":"Note:\nN\n\nList."},{"role":"assistant","content":"[\"c\"]"}]}"#
    )
  }
}
