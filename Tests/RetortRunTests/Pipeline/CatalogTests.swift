import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

@Suite struct CatalogTests {
  @Test(arguments: Catalog.standard.kinds.map(\.name))
  func everyKeyIsDocumented(name: String) throws {
    let entry = try #require(Catalog.standard[name])
    #expect(Set(entry.configShape().keys.map(\.name)) == Set(entry.keys.keys))
    #expect(!entry.summary.isEmpty)
  }

  @Test func namesAreUnique() {
    let names = Catalog.standard.kinds.map(\.name)
    #expect(Set(names).count == names.count)
  }
}
