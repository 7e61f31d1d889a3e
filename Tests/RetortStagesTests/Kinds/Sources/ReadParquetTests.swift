import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// What can be seen without the library; `make test-parquet` has the rest.
@Suite struct ReadParquetTests {
  private func config(_ file: JSON, columns: JSON = nil, in folder: URL) throws -> ReadParquet.Config {
    let decoder = JSONDecoder()
    decoder.userInfo[.folder] = folder
    return try decoder.decode(
      ReadParquet.Config.self, from: Data(JSON.object(["file": file, "columns": columns]).text.utf8))
  }

  @Test func anAddressHasARevision() throws {
    let folder = try Bench.folder()
    for address in ["hf://datasets/org/name@main/data/*.parquet", "hf://datasets/squad@~parquet/**"] {
      let config = try config(.string(address), in: folder)
      #expect(try JSON(encoding: config)["file"] == .string("\(Digest(of: address))"))
    }
    for address in [
      "hf://datasets/org/name/data/*.parquet", "hf://models/org/name@main/a", "hf://datasets/org/name@main/",
    ] {
      #expect(throws: DecodingError.self) { try config(.string(address), in: folder) }
    }
  }

  @Test func columnsThatAreNamedAreKnown() throws {
    let folder = try Bench.folder()
    try Data("PAR1".utf8).write(to: folder.appending(path: "a.parquet"))
    let all = try ReadParquet(config("a.parquet", in: folder), in: Bench.nowhere)
    #expect(all.adds == nil)
    let some = try ReadParquet(config("a.parquet", columns: ["q", "a"], in: folder), in: Bench.nowhere)
    #expect(some.adds == ["q", "a"])
    #expect(throws: StageError.self) {
      try ReadParquet(config("a.parquet", columns: [], in: folder), in: Bench.nowhere)
    }
  }

  @Test func withoutTheLibraryTheRunIsParked() async throws {
    let folder = try Bench.folder()
    try Data("PAR1".utf8).write(to: folder.appending(path: "a.parquet"))
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(),
      surroundings: ProgramSurroundings(["PATH": path, "RETORT_HELPERS": folder.path]))
    let stage = try ReadParquet(config("a.parquet", in: folder), in: workspace)
    let halt = await #expect(throws: Halt.self) { try await read(stage) }
    #expect(halt?.reason == .parked)
    #expect(halt?.message.contains("`retort doctor --install parquet` fetches") == true)
  }
}
