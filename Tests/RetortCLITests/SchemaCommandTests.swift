import OrderedCollections
import RetortCore
import Testing

@testable import RetortCLI

@Suite struct SchemaCommandTests {
  @Test func theSchemaOfPipelineFiles() async throws {
    let typed = try await Desk().type("schema")
    let schema = try JSON(parsing: typed.printed).object
    #expect(schema?["type"] == "object")
    #expect(schema?["properties"]?.object?.keys.elements == ["rounds", "models", "tools", "stages"])
  }

  @Test func mistakes() async throws {
    try await Desk().expectCommand(
      "schema p.yaml",
      says: """
        Error: Unexpected argument 'p.yaml'
        Usage: retort schema
          See 'retort schema --help' for more information.
        """, exits: 2)
  }
}
