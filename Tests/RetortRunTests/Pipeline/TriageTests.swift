import Foundation
import OrderedCollections
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// `pipelines/triage.yaml`, a structure that is not the task's own, from end to end: asked, ruled, exported for its roles,
/// inferred by them and scored.
@Suite struct TriageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardizedFileURL
  private let folder: URL

  init() throws {
    let files = FileManager.default
    folder = try Bench.folder()
    try files.createDirectory(at: folder.appending(path: "pipelines"), withIntermediateDirectories: true)
    for path in ["data", "structures", "tools", "pipelines/triage.yaml"] {
      try files.createSymbolicLink(
        at: folder.appending(path: path), withDestinationURL: Self.root.appending(path: path))
    }
  }

  /// Answers out of the labelled notes: what is asked about one of them is answered as it is labelled.
  private static func reply(_ request: ChatRequest, _ labelled: [JSON]) -> ChatReply {
    let user = request.messages.last?.content ?? ""
    guard let row = labelled.first(where: { user.contains($0["note"]?.string ?? "?") }),
      let findings = row["findings"]?.array
    else {
      // One of the notes without labels: all of it is a complaint, and nothing was found but a word of it.
      let note = user.split(separator: "\n").last.map(String.init) ?? ""
      let first = note.prefix { $0 != "." }
      let finding: JSON = [
        "finding": "found", "evidence": .string(String(first)), "value": .null, "urgency": "Immediate",
      ]
      return ChatReply(
        text: JSON.object(["complaints": [.string(String(first))], "findings": [finding]]).text)
    }
    func of(_ keys: [String]) -> ChatReply {
      let said = findings.filter { user.contains($0["finding"]?.string ?? "?") }.last
      return ChatReply(
        text: JSON.object(JSON.Object(uniqueKeysWithValues: keys.map { ($0, said?[$0] ?? .null) })).text)
    }
    if user.hasSuffix("List what the patient complains of.") {
      return ChatReply(text: (row["complaints"] ?? .null).text)
    }
    if user.hasSuffix("List the findings.") {
      return ChatReply(text: JSON.object(["items": .array(findings.compactMap { $0["finding"] })]).text)
    }
    return user.hasSuffix("How soon must it be seen?")
      ? of(["finding", "evidence", "urgency"]) : of(["finding", "evidence", "value"])
  }

  @Test func goesFromNotesToScores() async throws {
    let labelled =
      try JSON(
        parsing: String(contentsOf: Self.root.appending(path: "data/triage.json"), encoding: .utf8)
      ).array ?? []
    let models = ScriptedProvider(
      chat: { Self.reply($0, labelled) },
      embedding: { texts in texts.map { [Float($0.utf8.count), 1] } })
    let pipeline = try Pipeline.read(
      folder.appending(path: "pipelines/triage.yaml"), catalog: .standard, environment: [:])
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    let summary = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    #expect(summary.stages["inferred"]?.emitted == labelled.count)
    let rows = try await store.inspector.query(
      "select complaints_f1, findings_finding_f1, findings_evidence_f1, findings_value_f1, findings_urgency_f1, prediction from scores"
    )
    #expect(rows.count == labelled.count)
    let right: JSON.Object = [
      "complaints_f1": 1.0, "findings_finding_f1": 1.0, "findings_evidence_f1": 1.0, "findings_value_f1": 1.0,
      "findings_urgency_f1": 1.0, "prediction": "scored",
    ]
    for row in rows { #expect(row == right) }
    let sets = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: "out/triage/sft").path)
    #expect(Set(sets).isSuperset(of: ["reader-train.jsonl", "judge-train.jsonl"]))
  }
}
