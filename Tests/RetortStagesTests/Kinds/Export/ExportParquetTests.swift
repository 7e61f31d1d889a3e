import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// What can be seen without the library; `make test-parquet` has the rest.
@Suite struct ExportParquetTests {
  private func workspace(_ folder: URL) -> Workspace {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return Workspace(
      folder: folder, models: ScriptedProvider(),
      surroundings: ProgramSurroundings(["PATH": path, "RETORT_HELPERS": folder.path]))
  }

  @Test func withoutTheLibraryTheRunIsParkedAndNothingIsLeft() async throws {
    let folder = try Bench.folder()
    let stage = try ExportParquet(.init(file: "out/a.parquet"), in: workspace(folder))
    let halt = await #expect(throws: Halt.self) { try await Bench.answers(of: stage, to: [["n": 1]]) }
    #expect(halt?.reason == .parked)
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path) == ["out"])
  }

  @Test func noRowsAreAManifest() async throws {
    let folder = try Bench.folder()
    let stage = try ExportParquet(.init(file: "a.parquet"), in: workspace(folder))
    let answers = try await Bench.answers(of: stage, to: [])
    #expect(answers.count == 1)
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path) == ["a.parquet.manifest.json"])
  }
}
