import RetortCore
import Testing

@testable import RetortHTTP

struct ProxyTests {
  private func proxy(_ url: String, _ environment: [String: String]) -> String? {
    Proxy(for: url, environment).map { "\($0.address) of \($0.variable)" }
  }

  @Test func theVariableFollowsTheAddressAndNoPasswordIsTold() {
    let all = ["http_proxy": "http://me:pass@p:1", "HTTPS_PROXY": "p:2", "all_proxy": "socks5://p:3"]
    #expect(proxy("http://a.example/v1", all) == "http://p:1 of http_proxy")
    #expect(proxy("https://a.example/v1", all) == "p:2 of HTTPS_PROXY")
    #expect(proxy("https://a.example/v1", ["all_proxy": "me:p@ss@p:3"]) == "p:3 of all_proxy")
    #expect(proxy("http://a.example/v1", ["HTTP_PROXY": "http://p:1"]) == nil)
    #expect(proxy("http://a.example/v1", ["http_proxy": ""]) == nil)
  }

  @Test func aProxyThatGivesNoWayIsNamed() throws {
    let proxy = try #require(Proxy(for: "https://a.example/v1", ["https_proxy": "http://me:pass@p:2"]))
    #expect(
      [407, 403, 502].map { Transfer.refusal(of: proxy, $0).description } == [
        "denied (HTTP 407): the proxy http://p:2 of https_proxy refused: it wants user and password",
        "forbidden (HTTP 403): the proxy http://p:2 of https_proxy refused to connect",
        "unreachable: the proxy http://p:2 of https_proxy could not connect: it answered 502",
      ])
  }

  @Test(arguments: [
    "http://localhost:1/v1", "http://LOCALHOST/", "http://a.localhost/", "http://127.0.0.1:8000/v1",
    "http://127.9.9.9/", "http://[::1]:8000/v1", "http://[::ffff:127.0.0.1]/",
  ])
  func thisMachineHasNone(url: String) {
    #expect(Proxy.isLoopback(url: url))
    #expect(proxy(url, ["all_proxy": "http://p:1"]) == nil)
  }

  @Test(arguments: [
    "http://127.example/", "http://128.0.0.1/", "http://[::2]/", "http://localhost.example/", "nothing",
  ])
  func othersAreNoneOfIt(url: String) { #expect(!Proxy.isLoopback(url: url)) }

  @Test(arguments: ["*", "a.example", "b, .example", "10.0.0.0/8,EXAMPLE"])
  func exemptHostsHaveNone(list: String) {
    #expect(proxy("http://a.example/", ["http_proxy": "http://p:1", "no_proxy": list]) == nil)
    let others = proxy("http://a.other/", ["http_proxy": "http://p:1", "no_proxy": list])
    #expect(others == (list == "*" ? nil : "http://p:1 of http_proxy"))
  }
}
