import RetortCore
import RetortReport
import RetortRun
import RetortStore
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortCLI

/// `resume` reads what the programs of earlier days recorded with a run.
@Suite struct KeptRunTests {
  @Test(arguments: KeptStore.schemas)
  func flagsAreRead(schema: Int) async throws {
    let kept = try KeptStore(schema)
    defer { withExtendedLifetime(kept) {} }
    let store = kept.store
    var found: [String] = []
    while let run = try await store.inspector.recordedRun(Int64(found.count + 1)) {
      let flags = try run.flags.decode(Flags.self)
      found.append(
        "\(flags.limit ?? 0) \(flags.only ?? "-") \(flags.redo) \(flags.set) \(flags.maxUSD ?? 0) \(flags.maxTokens ?? 0)"
      )
    }
    let plain = "0 - [] [] 0.0 0"
    #expect(
      found == [
        "2 - [] [] 0.0 0", plain, plain, #"0 - ["asked"] [] 9.0 9000000"#,
        #"0 fields [] ["stages.fields.with.temperature=0.5"] 0.0 0"#, plain,
      ] + (schema < 4 ? [] : [plain, plain]))
  }
}
