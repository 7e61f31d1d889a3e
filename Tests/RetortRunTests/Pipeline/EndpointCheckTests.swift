import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStore
@testable import RetortStages

@Suite struct EndpointCheckTests {
  @Test(arguments: [
    "http://h/v1", "https://h:65535/v1/", "http://[::1]:8080/v1", "http://h", "HTTP://h/a@b/v1",
  ]) func whatCanBeCalledIsLetThrough(endpoint: String) {
    #expect(EndpointCheck.mistake(in: endpoint, of: .chat) == nil)
  }

  @Test(arguments: [
    ("h/v1", "expected an address that starts with http:// or https://, found 'h/v1'"),
    ("http:///v1", "expected an address that starts with http:// or https://, found 'http:///v1'"),
    ("h://me:secret@h", "expected an address that starts with http:// or https://, found another"),
    ("http://h:65536/v1", "expected a port from 1 to 65535, found '65536'"),
    ("http://h:0/v1", "expected a port from 1 to 65535, found '0'"),
    ("http://h:/v1", "expected a port from 1 to 65535, found ''"),
    ("http://[::1]:80a", "expected a port from 1 to 65535, found '80a'"),
    ("http://h /v1", "expected an address without spaces, found 'http://h /v1'; write 'http://h/v1'"),
    (
      "http://me:secret@h/v1",
      "expected an address without user and password, found some; name the variable that holds the key "
        + "under api_key_env"
    ),
    (
      "http://h/v1?key=secret",
      "expected an address that ends with its path, found '?' or '#' and more; write 'http://h/v1'"
    ),
    (
      "http://h/v1/chat/completions/",
      "expected the address before '/chat/completions', which is added to it; write 'http://h/v1'"
    ),
  ]) func whatCannotBeCalledIsTold(endpoint: String, mistake: String) {
    #expect(EndpointCheck.mistake(in: endpoint, of: .chat) == mistake)
  }

  @Test func anActIsRefusedWhereItWouldBeDoubled() {
    let mistake = "expected the address before '/embeddings', which is added to it; write 'http://h/v1'"
    #expect(EndpointCheck.mistake(in: "http://h/v1/embeddings", of: .embedding) == mistake)
    #expect(EndpointCheck.mistake(in: "http://h/classify", of: .vllmClassify) == nil)
  }
}
