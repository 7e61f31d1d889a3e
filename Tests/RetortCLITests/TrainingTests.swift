import Foundation
import RetortCore
import Testing

@testable import RetortCLI

/// Training as a step: done once, and again when what was trained is gone.
@Suite struct TrainingTests {
  private static let program = """
    #!/bin/sh
    echo "step 1: loss 2"
    mkdir -p "$RETORT_OUT/adapter"
    cat $RETORT_FILES | wc -l > "$RETORT_OUT/adapter/weights"
    echo x >> trainings
    echo '{"name": "adapter", "revision": "r'$RETORT_ROUND'", "path": "out/models/adapter", "loss": 0.5, "steps": 1}'
    """
  private static let pipeline = """
    stages:
      rows: { uses: read-csv, with: { file: rows.csv } }
      set: { uses: export-sft, from: rows, with: { folder: out/set, formats: [trl], user: "{{id}}", assistant: "{{score}}" } }
      trained: { uses: train-model, from: set, with: { run: [/bin/sh, train.sh], folder: out/models, adds: [loss] } }
      lines: { uses: export-jsonl, from: trained, with: { file: out/trained.jsonl, columns: [name, revision, path, metrics, loss] } }
    """

  private static func desk() throws -> Desk {
    try Desk(["p.yaml": pipeline, "train.sh": program, "rows.csv": "id,score\n1,3\n2,5\n"])
  }

  private func trainings(_ desk: Desk) throws -> Int {
    try String(contentsOf: desk.folder.appending(path: "trainings"), encoding: .utf8).count { $0 == "x" }
  }

  @Test func whatIsGoneIsTrainedAgain() async throws {
    let desk = try Self.desk()
    let first = try await desk.type("run p.yaml")
    #expect(first.status == 0)
    #expect(first.said.contains("trained: step 1: loss 2"), "\(first.said)")
    let row = try String(contentsOf: desk.folder.appending(path: "out/trained.jsonl"), encoding: .utf8)
    #expect(
      row
        == #"{"name":"adapter","revision":"r1","path":"out/models/adapter","metrics":{"steps":1},"loss":0.5}"#
        + "\n")
    #expect(try await desk.type("run p.yaml").status == 0)
    #expect(try trainings(desk) == 1)

    try desk.write("other", to: "out/models/adapter/weights")
    let plan = try await desk.type("plan p.yaml")
    #expect(plan.printed.contains("file missing or changed"), "\(plan.printed)")
    #expect(try await desk.type("run p.yaml").status == 0)
    #expect(try trainings(desk) == 2)

    try FileManager.default.removeItem(at: desk.folder.appending(path: "out/models"))
    #expect(try await desk.type("run p.yaml").status == 0)
    #expect(try trainings(desk) == 3)
    #expect(try await desk.type("run p.yaml").status == 0)
    #expect(try trainings(desk) == 3)
  }

  @Test func otherRowsAreAnotherTraining() async throws {
    let desk = try Self.desk()
    #expect(try await desk.type("run p.yaml").status == 0)
    try desk.write("id,score\n1,3\n2,6\n", to: "rows.csv")
    #expect(try await desk.type("run p.yaml").status == 0)
    #expect(try trainings(desk) == 2)
  }
}
