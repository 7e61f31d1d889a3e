import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortViewer

@Suite struct ToolPortTests {
  @Test func aSessionIsBegunCalledAndEnded() async throws {
    let tool = ScriptedTool { "found \($0["query"]?.string ?? "")" }
    let toolbox = try Toolbox([tool], memory: DictionaryToolMemory())
    let port = ToolPort { MCPHost(toolbox, client: $0) }
    let session = try #require(HTTPField.Name("Mcp-Session-Id"))
    try await port.application(port: 0).test(.router) { client in
      func post(_ text: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await client.execute(
          uri: "/mcp", method: .post, headers: headers, body: ByteBuffer(string: text))
      }
      let call = #"{"id":2,"method":"tools/call","params":{"name":"search","arguments":{"query":"a"}}}"#
      #expect(try await post(call).status == .badRequest)
      #expect(try await post(call, [session: "none"]).status == .notFound)
      let begun = try await post(#"{"id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#)
      #expect(begun.status == .ok)
      let id = try #require(begun.headers[session])
      #expect(
        try await post(#"{"method":"notifications/initialized"}"#, [session: id]).status == .accepted)
      let answered = try await post(call, [session: id])
      #expect(String(buffer: answered.body).contains("found a"))
      #expect(try await post(call, [session: id, .origin: "http://evil.example"]).status == .forbidden)
      #expect(
        try await client.execute(uri: "/mcp", method: .get).status == .methodNotAllowed)
      let ended = try await client.execute(uri: "/mcp", method: .delete, headers: [session: id])
      #expect(ended.status == .noContent)
      #expect(try await post(call, [session: id]).status == .notFound)
    }
  }
}
