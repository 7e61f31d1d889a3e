import RetortCore
import RetortStore
import Testing

@testable import RetortCLI

/// Which run `resume` goes on with.
@Suite struct ResumableRunsTests {
  private func run(
    _ id: Int64, _ pipeline: String, _ status: String, origin: Int64? = nil, limit: Int? = nil,
    only: String? = nil, redo: [String] = [], set: [String] = []
  ) throws -> BegunRun {
    BegunRun(
      id: id, origin: origin ?? id, pipeline: pipeline, file: "/\(pipeline).yaml", status: status,
      flags: try JSON(encoding: Flags(limit: limit, only: only, redo: redo, set: set)))
  }

  /// Oldest first, as they were made.
  private func next(_ runs: [BegunRun], gone: String = "") throws -> (Int64?, unfinished: [Int64]) {
    let found = try #require(ResumableRuns(runs.reversed(), fileExists: { $0 != gone }))
    return (found.next?.id, found.unfinished.map(\.id))
  }

  @Test func theNewestUnfinishedOne() throws {
    #expect(ResumableRuns([])?.words == nil)
    #expect(try next([run(1, "a", "complete")]) == (nil, []))
    #expect(try next([run(1, "a", "budget"), run(2, "b", "complete")]) == (1, [1]))
    #expect(try next([run(1, "a", "budget"), run(2, "b", "interrupted")]) == (2, [2, 1]))
    #expect(
      try next([run(1, "a", "budget"), run(2, "b", "parked"), run(3, "c", "complete")]) == (2, [2, 1]))
    #expect(try next([run(1, "a", "broken"), run(2, "b", "running")], gone: "/b.yaml") == (1, [1]))
  }

  @Test func notOneThatALaterRunTookUp() throws {
    // Resumed, or run again.
    #expect(try next([run(1, "a", "budget"), run(2, "a", "complete", origin: 1)]) == (nil, []))
    #expect(try next([run(1, "a", "budget"), run(2, "a", "parked", origin: 1)]) == (2, [2]))
    #expect(try next([run(1, "a", "budget"), run(2, "a", "complete")]) == (nil, []))
    #expect(try next([run(1, "a", "budget", limit: 5), run(2, "a", "complete")]) == (nil, []))
    #expect(try next([run(1, "a", "budget", only: "x"), run(2, "a", "complete")]) == (nil, []))
    #expect(
      try next([run(1, "a", "budget", redo: ["x"]), run(2, "a", "complete", redo: ["x"])]) == (nil, []))
  }

  @Test func butOneOfWhichItDidAPartAlone() throws {
    #expect(try next([run(1, "a", "budget"), run(2, "a", "complete", limit: 5)]) == (1, [1]))
    #expect(try next([run(1, "a", "budget", limit: 9), run(2, "a", "complete", limit: 5)]) == (1, [1]))
    #expect(try next([run(1, "a", "budget"), run(2, "a", "complete", only: "x")]) == (1, [1]))
    #expect(try next([run(1, "a", "budget", redo: ["x"]), run(2, "a", "complete")]) == (1, [1]))
    #expect(try next([run(1, "a", "budget", set: ["a.b=1"]), run(2, "a", "complete")]) == (1, [1]))
  }

  @Test func whatIsSaid() throws {
    let runs = [
      try run(1, "a", "budget"), try run(2, "b", "interrupted"), try run(3, "c", "broken"),
      try run(4, "d", "complete"),
    ]
    #expect(
      ResumableRuns(runs.reversed(), fileExists: { $0 != "/c.yaml" })?.words == [
        "run 4 of d is complete",
        "run 3 of c is unfinished (broken), and its file is gone: /c.yaml",
        "going on with run 2 of b, unfinished (interrupted)",
        "also unfinished: run 1 of a (budget): retort resume 1",
      ])
    #expect(ResumableRuns([runs[0]], fileExists: { _ in true })?.words == [])
  }
}
