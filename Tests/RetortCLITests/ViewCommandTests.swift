import Foundation
import RetortCore
import RetortHTTP
import RetortTestSupport
import Testing

@testable import RetortCLI

@Suite struct ViewCommandTests {
  @Test func itServesPagesUntilItIsEnded() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    let (lines, told) = AsyncStream.makeStream(of: String.self)
    let shell = Shell(
      terminal: Terminal(out: { _ = told.yield($0) }, err: { _ = told.yield($0) }), environment: [:],
      folder: desk.folder)
    let viewing = Task { await RetortCommand.perform(["view", "--port", "0"], in: shell) }
    var line = ""
    for await told in lines {
      line = told
      break
    }
    #expect(desk.plain(line) == ".retort/store.sqlite is shown at http://127.0.0.1:0/ (Ctrl-C ends)\n")
    let address = try #require(line.firstMatch(of: /http:[^ ]+/)).0
    let page = try await HTTPClient().send(HTTPRequest(method: "GET", url: String(address)))
    #expect(page.status == 200)
    viewing.cancel()
    _ = await viewing.value
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "view", says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store",
      exits: 2)
    try await desk.expectCommand(
      "view --port 70000",
      says: """
        Error: expected --port from 0 to 65535, found 70000
        Usage: retort view [--store <store>] [--port <port>]
          See 'retort view --help' for more information.
        """, exits: 2)
    _ = try await desk.type("run p.yaml --only questions")
    let port = try #require(desk.endpoint.url.split(separator: ":").last)
    let typed = try await desk.type("view --port \(port)")
    #expect(
      typed.said.replacing(port, with: "7000")
        == "error: expected port 7000 of 127.0.0.1 to be free, found another program there; name another with "
        + "--port, or --port 0 for any that is free\n")
    #expect(typed.status == 1)
  }
}
