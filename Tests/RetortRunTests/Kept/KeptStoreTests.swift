import Foundation
import OrderedCollections
import RetortReport
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Nobody pays twice for our progress: a store of every schema so far, run with its endpoints off, makes no call and
/// writes the same bytes.
@Suite struct KeptStoreTests {
  /// Of the files under `Tests/stores/exports`, those that a raised version writes otherwise, as `Tests/stores/raised/exports`
  /// has them, with the kinds that were raised. What else those kinds write stays what it was.
  static let changed: [String: [String]] = [:]

  @Test(arguments: KeptStore.schemas)
  func costsNothingAndWritesTheSame(schema: Int) async throws {
    let kept = try KeptStore(schema)
    for pipeline in kept.pipelines {
      let summary = try await kept.run(pipeline)
      #expect(
        kept.asked == [],
        "\(pipeline.name) asks for what its store of schema \(schema) holds: a request's key or a prompt moved"
      )
      #expect(summary.status == .complete)
      #expect(summary.calls.made == 0)
      let plan = try await Plan.make(pipeline, store: kept.store)
      #expect(plan.stages.filter { $0.todo > 0 || $0.waits } == [])
    }
    let (found, expected) = (kept.exports(), kept.expected())
    #expect(Set(found.keys) == Set(expected.keys))
    // A card's words on its set may be bettered.
    for (path, bytes) in expected.sorted(by: { $0.key < $1.key }) where !path.hasSuffix("README.md") {
      let difference = try Self.difference(found[path] ?? Data(), bytes, path)
      #expect(
        difference == nil, "\(path) of the store of schema \(schema) is written otherwise (docs/store.md)")
    }
  }

  /// The first line that differs; manifests are compared without the pipeline's digest, which covers versions, and
  /// without the card's.
  private static func difference(_ found: Data, _ expected: Data, _ path: String) throws -> String? {
    if path.hasSuffix("manifest.json") {
      return try manifest(found) == manifest(expected) ? nil : String(decoding: found, as: UTF8.self)
    }
    guard found != expected else { return nil }
    let lines = [expected, found].map {
      $0.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }
    let place = zip(lines[0], lines[1]).prefix { $0 == $1 }.count
    let shown = lines.map { $0.count > place ? String(decoding: $0[place], as: UTF8.self) : "the end" }
    return "line \(place + 1): expected \(shown[0]), found \(shown[1])"
  }

  private static func manifest(_ data: Data) throws -> JSON.Object? {
    var fields = try JSON(parsing: String(decoding: data, as: UTF8.self)).object
    fields?["pipeline"] = nil
    if let files = fields?["files"]?.array {
      fields?["files"] = .array(files.filter { $0["path"] != "README.md" })
    }
    return fields
  }

  @Test func changedFilesAreThoseOfRaisedKinds() throws {
    let raised = Set(try Raised.all().map(\.kind))
    let folder = KeptStore.root.appending(path: "raised/exports")
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    #expect(Set(files.filter { $0.contains(".") }) == Set(Self.changed.keys))
    for (path, kinds) in Self.changed { #expect(raised.isSuperset(of: kinds), "\(path)") }
  }

  /// Views are made once, after the last migration; the first stores have two more indices.
  @Test(arguments: KeptStore.schemas)
  func hasWhatANewStoreHas(schema: Int) async throws {
    let kept = try KeptStore(schema)
    defer { withExtendedLifetime(kept) {} }
    let fresh = try Store(path: Bench.folder().appending(path: "store.sqlite").path)
    let sql = "SELECT type, name, sql FROM sqlite_master"
    let found = Set(try await kept.store.inspector.table(sql).rows)
    #expect(found.isSuperset(of: try await fresh.inspector.table(sql).rows))
    let stages = try await kept.store.inspector.table("SELECT DISTINCT name FROM run_stage WHERE run = 1")
      .rows
    #expect(
      Set(found.map { [$0[1]] }).isSuperset(
        of: schema < 4 ? stages : stages.map { [.string("distil__\($0[0].string ?? "")")] }))
  }

  @Test(arguments: KeptStore.schemas)
  func canBeLookedAt(schema: Int) async throws {
    let kept = try KeptStore(schema)
    defer { withExtendedLifetime(kept) {} }
    let store = kept.store
    let runs = try await store.inspector.table("SELECT id, status FROM run ORDER BY id").rows
    let statuses = ["complete", "incomplete"] + Array(repeating: "complete", count: schema < 4 ? 4 : 6)
    #expect(runs.map { $0[1].string ?? "" } == statuses)
    let drops = try await store.inspector.drops(of: 2).map { "\($0.stage): \($0.reason) \($0.rows)" }
    // The first two left samples out without a word.
    let leftOut = schema < 3 ? [] : ["asked: reply truncated 2"]
    #expect(
      drops == ["sound: statement not in the rationale 4", "sound: evidence not grounded 3"] + leftOut + [
        "some: not in the sample 2", "best: low reward 1", "clean: in an evaluation file 1",
        "questions: broken line 1", "questions: missing column 1", "unique: duplicate 1",
      ])
    let numbers = runs.compactMap(\.first?.int)
    _ = try await store.inspector.diff(numbers[numbers.count - 2], numbers[numbers.count - 1])
    // The one that failed, and one of each pipeline that ended.
    for run in [2, numbers[numbers.count - 1], numbers[numbers.count - 2]] {
      let report = try await RunReport.read(run, from: store.inspector, catalog: .standard)
      #expect(ReportMarkdown.text(report).contains("| stage |"))
      #expect(!ReportPage.html(report).isEmpty)
      let made = try await store.inspector.query(
        "SELECT \"row\" FROM lineage WHERE run = ? ORDER BY id DESC LIMIT 1", [.int(run)])
      let id = try #require(made.first?["row"]?.string)
      #expect(try await !store.inspector.trace(id, run: run).rows.isEmpty)
      let lost = try await store.inspector.droppedRows(of: nil, run: run, limit: 1000)
      let listed = try await store.inspector.query("SELECT 1 FROM dropped WHERE run = ?", [.int(run)])
      #expect(lost.rows.count == listed.count)
      #expect(lost.total == listed.count)
      #expect(lost.rows.allSatisfy { !$0.reason.isEmpty && $0.source != nil })
    }
    for view in try await store.inspector.table("SELECT name FROM sqlite_master WHERE type = 'view'").rows {
      let name = try #require(view.first?.string)
      await #expect(throws: Never.self, "\(name)") {
        _ = try await store.inspector.query("SELECT * FROM \"\(name)\" LIMIT 3")
      }
    }
    let failed = try await store.inspector.query("SELECT * FROM failed")
    #expect(failed.map { $0["message"] } == ["refused (HTTP 400): no trains today"])
    let lost = try #require(failed.first?["row"]?.string)
    #expect(try await !store.inspector.why(lost, at: "asked", run: 2).answers.isEmpty)
  }
}
