import RetortRun
import Testing

@testable import RetortCLI

@Suite struct ProvidersCommandTests {
  @Test func theTableAndThePage() async throws {
    let typed = try await Desk().type("providers")
    #expect(typed.status == 0)
    #expect(typed.printed.split(separator: "\n").count == ProviderReference.table.count)
    #expect(typed.printed.contains("prefill"))
    #expect(try await Desk().type("providers --markdown").printed == ProviderReference.markdown + "\n")
  }
}
