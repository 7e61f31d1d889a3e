import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortStages

/// The task's own structure, named in a file, gives byte for byte what stands without one.
@Suite struct TaskStructureTests {
  private static let model = ModelRef(ModelSpec(alias: "teacher", name: "t"))

  private static func labelled() throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../golden/data/labelled.json")
    return try #require(JSON(parsing: String(contentsOf: file, encoding: .utf8)).array)
  }

  /// The structure as a file would say it, with its texts in other places.
  private static func file() throws -> StructureFile {
    try StructureFile(path: "s.yaml", Structure.reasoningFile)
  }

  private static let demonstration: JSON = [
    "question": .string(String(repeating: "one two three ", count: 6)), "cot": "c", "cot_parsing": [],
  ]

  /// Rows that break each rule in turn, and sound ones.
  private static func damaged() throws -> [JSON.Object] {
    try labelled().enumerated().flatMap { index, row -> [JSON.Object] in
      let sound = row.object ?? [:]
      var steps = sound["cot_parsing"]?.array ?? []
      func with(_ change: (inout JSON.Object) -> Void) -> JSON.Object {
        var row = sound
        change(&row)
        return row
      }
      func step(_ key: String, _ value: JSON) -> JSON.Object {
        var first = steps[0].object ?? [:]
        first[key] = value
        return with { $0["cot_parsing"] = .array([.object(first)] + steps.dropFirst()) }
      }
      steps = steps.isEmpty ? [["statement": "s", "evidence": "e", "Verification": "true"]] : steps
      return [
        sound, step("Verification", true), step("Verification", "正确"), step("Verification", "maybe"),
        step("evidence", "whales are mammals"), step("statement", "whales are mammals"),
        step("statement", "!"),
        step("more", 1), step("evidence", .null), with { $0["cot_parsing"] = .array(steps + [steps[0]]) },
        with { $0["question_parsing"] = .array(["x"]) }, with { $0["cot_parsing"] = "text" },
        with {
          $0["cot"] = .string((sound["cot"]?.string ?? "") + " The answer is \(index % 2 == 0 ? "A" : "B").")
        },
        with { $0["demonstrations"] = [demonstration] },
      ]
    }
  }

  @Test func requestsAndRowsOfAParsingAreTheSame() async throws {
    let replies = [
      #"{"cot_parsing": [{"statement": "s", "evidence": "e", "Verification": "Yes"}]}"#,
      #"[{"statement": "s", "evidence": "e", "Verification": true}]"#, #"{"cot_parsing": 1}"#, "no",
      #"{"cot_parsing": [{"evidence": "e", "statement": "s", "Verification": "maybe"}]}"#,
    ]
    func told(_ config: ParseRationale.Config) async throws -> [String] {
      let asked = Mutex<[String]>([])
      let stage = try ParseRationale(
        config,
        in: Workspace(
          folder: URL(filePath: "/"),
          models: ScriptedProvider(chat: { request in
            let count = asked.withLock {
              $0.append("\(request)")
              return $0.count
            }
            return ChatReply(text: replies[count % replies.count])
          })))
      var told: [String] = []
      for row in try Self.damaged() { told.append("\(try await stage.process(.init(row)))") }
      return told + asked.withLock { $0 }
    }
    for layout in DemonstrationLayout.allCases {
      var parsing = ParsingConfig(
        model: Self.model, prompt: PromptFile(path: "", text: PromptText.rationaleParsing))
      parsing.demonstrations = layout
      let plain = ParseRationale.Config(parsing)
      let given = ParseRationale.Config(parsing, structure: try Self.file(), lists: ["cot_parsing"])
      // What only a structure of one's own says to a template is not in this one.
      #expect(try await told(given) == told(plain))
    }
  }

  @Test func fatesOfRowsAreTheSame() async throws {
    let plain = try ValidateStructure(.init(), in: Bench.nowhere)
    let given = try ValidateStructure(.init(structure: Self.file()), in: Bench.nowhere)
    #expect(plain.reads == given.reads)
    #expect(plain.adds == given.adds)
    var fates: Set<String> = []
    for row in try Self.damaged() {
      let fate = try await plain.process(.init(row))
      #expect(try await given.process(.init(row)) == fate)
      if case .drop(let reason, _) = fate { fates.insert(reason) }
    }
    #expect(fates.isSubset(of: StructureRule.allCases.map(\.reason)))
    #expect(fates.count > 6)
  }

  @Test func roleSetsAreTheSame() async throws {
    func files(_ structure: StructureFile?) async throws -> [String: Data] {
      let folder = try Bench.folder()
      let rows = try Self.labelled()
      let workspace = Workspace(
        folder: folder, models: ScriptedProvider(), sets: ["validation": Bench.rows(rows)])
      _ = try await Bench.answers(
        of: ExportRoleSets(.init(folder: "out", structure: structure), in: workspace), to: rows)
      let out = folder.appending(path: "out")
      var found: [String: Data] = [:]
      for name in try FileManager.default.subpathsOfDirectory(atPath: out.path) where name.contains(".") {
        // They say whose roles they are of.
        if name != "README.md", name != "manifest.json" {
          found[name] = try Data(contentsOf: out.appending(path: name))
        }
      }
      return found
    }
    #expect(try await files(Self.file()) == files(nil))
  }
}
