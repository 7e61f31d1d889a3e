import RetortCore
import RetortTestSupport
import Testing

@testable import RetortHTTP

struct HTTPClientTests {
  private let client = HTTPClient(connections: 64, certificates: nil)

  private func post(
    _ url: String, _ body: String = "{}", timeout: Double = 20, maxBody: Int = 1 << 20
  ) -> HTTPRequest {
    HTTPRequest(
      url: url, headers: ["Authorization": "Bearer sk-very-secret", "Content-Type": "application/json"],
      body: Array(body.utf8), timeout: timeout, maxBody: maxBody)
  }

  private func failure(of request: HTTPRequest) async -> ModelError? {
    do throws(ModelError) {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func sendsABodyAndReadsTheAnswer() async throws {
    let server = try StubServer { StubAnswer.json("got \($0.text)") }
    let response = try await client.send(post("\(server.url)/v1/chat?x=1", "häagen"))
    #expect(
      response
        == HTTPResponse(
          status: 200, headers: ["content-length": "11", "content-type": "application/json"],
          body: Array("got häagen".utf8)))
    #expect(
      server.received == [
        StubRequest(
          method: "POST", path: "/v1/chat?x=1",
          headers: [
            "host": String(server.url.dropFirst("http://".count)), "accept": "*/*", "user-agent": "retort",
            "authorization": "Bearer sk-very-secret", "content-type": "application/json",
            "content-length": "7", "accept-encoding": server.received.first?.headers["accept-encoding"] ?? "",
          ], body: Array("häagen".utf8), number: 1, connection: 1)
      ])
  }

  @Test func getsWithoutABody() async throws {
    let server = try StubServer { StubAnswer(body: "\($0.method) \($0.path) \($0.body.count)") }
    let response = try await client.send(HTTPRequest(method: "GET", url: "\(server.url)/v1/models"))
    #expect(String(decoding: response.body, as: UTF8.self) == "GET /v1/models 0")
  }

  @Test func sendsALargeBodyWhole() async throws {
    let server = try StubServer { StubAnswer(body: "\($0.body.count)") }
    let response = try await client.send(post(server.url, String(repeating: "a", count: 3_000_000)))
    #expect(String(decoding: response.body, as: UTF8.self) == "3000000")
  }

  @Test func anErrorStatusIsAnAnswer() async throws {
    let server = try StubServer { _ in
      StubAnswer(status: 429, headers: ["Retry-After": "7"], body: "slow down")
    }
    let response = try await client.send(post(server.url))
    #expect(
      response
        == HTTPResponse(
          status: 429, headers: ["content-length": "9", "retry-after": "7"], body: Array("slow down".utf8)))
  }

  /// `{"a":1}`, which was not asked to be compressed.
  @Test(arguments: [
    (
      "gzip",
      [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 84, 178, 50, 172, 5, 0, 175, 172, 27, 86, 7, 0, 0, 0]
        as [UInt8]
    ),
    ("deflate", [120, 156, 171, 86, 74, 84, 178, 50, 172, 5, 0, 8, 42, 2, 9]),
  ])
  func aCompressedAnswerIsRead(form: String, bytes: [UInt8]) async throws {
    let server = try StubServer { _ in
      var answer = StubAnswer(headers: ["Content-Encoding": form])
      answer.body = bytes
      return answer
    }
    let response = try await client.send(post(server.url))
    #expect(String(decoding: response.body, as: UTF8.self) == #"{"a":1}"#)
  }

  @Test func aRedirectIsNotFollowed() async throws {
    let server = try StubServer { _ in StubAnswer(status: 307, headers: ["Location": "/elsewhere"]) }
    let response = try await client.send(post(server.url))
    #expect(response.status == 307)
    #expect(server.requests == 1)
  }

  @Test func interimAnswersAndRepeatedHeadersAreRead() async throws {
    let server = try StubServer { _ in
      StubAnswer(
        body: "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
          + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a:2  \r\nX-Empty:\r\n\r\nok", .raw)
    }
    let response = try await client.send(post(server.url))
    #expect(
      response
        == HTTPResponse(
          status: 200, headers: ["content-length": "2", "x-a": "1, 2", "x-empty": ""], body: Array("ok".utf8))
    )
  }

  @Test(arguments: [StubAnswer(.reset), StubAnswer(.closed)])
  func aPostOnAKeptConnectionThatDiesIsNotSentAgain(death: StubAnswer) async throws {
    let server = try StubServer { $0.number == 1 ? StubAnswer(body: "ok") : death }
    _ = try await client.send(post(server.url))
    let error = await failure(of: post(server.url, "paid for once"))
    #expect(error?.kind == .connection)
    #expect(server.received.map(\.connection) == [1, 1])
  }

  @Test func aTruncatedBodyIsAnError() async throws {
    let server = try StubServer { _ in StubAnswer(body: "0123456789", .truncated(4)) }
    let error = await failure(of: post(server.url))
    #expect(
      error
        == ModelError(
          .connection, status: 200, "transfer closed with 6 bytes remaining to read (curl 18)"))
  }

  @Test(arguments: [StubAnswer(.silent), StubAnswer(body: "0123456789", .drip(0.1))])
  func theTimeoutCoversTheWholeExchange(answer: StubAnswer) async throws {
    let server = try StubServer { _ in answer }
    let error = await failure(of: post(server.url, timeout: 0.2))
    #expect(error?.kind == .timeout)
  }

  @Test func aRefusedConnectionSaysWhereto() async throws {
    let server = try StubServer { _ in StubAnswer() }
    let url = server.url
    server.stop()
    let error = await failure(of: post(url))
    #expect(error?.kind == .unreachable)
    #expect(error?.message.contains("127.0.0.1") == true)
  }

  @Test func aBodyOverTheBoundIsRefused() async throws {
    let server = try StubServer { _ in StubAnswer(body: String(repeating: "x", count: 5000)) }
    let error = await failure(of: post(server.url, maxBody: 4999))
    #expect(error == ModelError(.malformed, "expected an answer of at most 4999 bytes, found more"))
    #expect(try await client.send(post(server.url, maxBody: 5000)).body.count == 5000)
  }

  @Test func headersWithoutEndAreRefused() async throws {
    let server = try StubServer { _ in
      StubAnswer(
        body: "HTTP/1.1 200 OK\r\n"
          + String(repeating: "X-Long: \(String(repeating: "y", count: 1000))\r\n", count: 400), .raw)
    }
    let error = await failure(of: post(server.url))
    #expect(error?.kind == .malformed)
  }

  @Test func whatIsNotHTTPIsMalformed() async throws {
    let server = try StubServer { _ in StubAnswer(body: "SSH-2.0-OpenSSH_9.2\r\n", .raw) }
    let error = await failure(of: post(server.url))
    #expect(error?.kind == .malformed)
  }

  @Test func plainTextOnATLSAddressIsAConnectionError() async throws {
    let server = try StubServer { _ in StubAnswer() }
    let error = await failure(of: post("https" + server.url.dropFirst("http".count)))
    #expect(error?.kind == .unreachable)
    #expect(server.requests == 0)
  }
}

struct HTTPCancellationTests {
  private let client = HTTPClient(connections: 64, certificates: nil)

  @Test func cancelledCallsEndAndTheClientGoesOn() async throws {
    let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
    let server = try StubServer { request in
      if request.path == "/ok" { return StubAnswer(body: "ok") }
      arrived.yield()
      return StubAnswer(.silent)
    }
    let client = client
    let url = server.url
    let calls = Task {
      await withTaskGroup(of: ModelError?.self) { group in
        for _ in 0..<32 {
          group.addTask {
            do throws(ModelError) {
              _ = try await client.send(HTTPRequest(url: url, timeout: 60))
              return nil
            } catch {
              return error
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
    }
    var count = 0
    for await _ in arrivals {
      count += 1
      if count == 32 { break }
    }
    calls.cancel()
    #expect(await calls.value == [ModelError?](repeating: .cancelled, count: 32))
    #expect(try await client.send(HTTPRequest(method: "GET", url: "\(url)/ok")).body == Array("ok".utf8))
  }

  /// The cancellation meets each call at another moment: before it is enqueued, in flight, or when it is over.
  @Test func cancellationAtAnyMomentEndsTheCall() async throws {
    let server = try StubServer { _ in StubAnswer(body: "ok") }
    let client = client
    let url = server.url
    for spins in 0..<300 {
      let call = Task { try? await client.send(HTTPRequest(url: url, timeout: 60)).status }
      for _ in 0..<(spins % 10) { await Task.yield() }
      call.cancel()
      let status = await call.value
      #expect(status == nil || status == 200)
    }
    #expect(try await client.send(HTTPRequest(url: url)).status == 200)
  }

  @Test func aCallOfACancelledTaskIsNeverSent() async throws {
    let server = try StubServer { _ in StubAnswer() }
    let client = client
    let url = server.url
    let error = await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      do throws(ModelError) {
        _ = try await client.send(HTTPRequest(url: url))
        return ModelError?.none
      } catch {
        return error
      }
    }.value
    #expect(error == .cancelled)
    #expect(server.requests == 0)
  }
}

struct HTTPLoadTests {
  @Test func manyCallsEachGetTheirOwnAnswer() async throws {
    let server = try StubServer { StubAnswer(body: $0.text) }
    let client = HTTPClient(connections: 16, certificates: nil)
    let url = server.url
    let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      var answers: [Int: String] = [:]
      for number in 0..<400 {
        if number >= 16, let (asked, answer) = try await group.next() { answers[asked] = answer }
        group.addTask {
          let response = try await client.send(HTTPRequest(url: url, body: Array("call \(number)".utf8)))
          return (number, String(decoding: response.body, as: UTF8.self))
        }
      }
      for try await (asked, answer) in group { answers[asked] = answer }
      return answers
    }
    #expect(answers == Dictionary(uniqueKeysWithValues: (0..<400).map { ($0, "call \($0)") }))
    #expect(Set(server.received.map(\.connection)).count <= 16)
  }
}

struct HTTPRequestCheckTests {
  @Test(arguments: [
    HTTPRequest(url: "file:///etc/passwd"),
    HTTPRequest(url: "127.0.0.1:8080/v1"),
    HTTPRequest(url: "http://host/a b"),
    HTTPRequest(url: "http://host/\0"),
    HTTPRequest(method: "get", url: "http://host"),
    HTTPRequest(url: "http://host", headers: ["Authorization": "Bearer sk-very-secret\r\nX: y"]),
    HTTPRequest(url: "http://host", headers: ["Authorization: x": "sk-very-secret"]),
    HTTPRequest(url: "http://host:99999/", headers: ["Authorization": "Bearer sk-very-secret"]),
  ])
  func whatCannotBeSentIsRefused(request: HTTPRequest) async throws {
    do throws(ModelError) {
      _ = try await HTTPClient(connections: 1, certificates: nil).send(request)
      Issue.record("expected a refusal")
    } catch {
      #expect(error.kind == .refused)
      #expect(!error.message.contains("secret"))
    }
  }

  @Test func headerValuesAreTakenOutOfMessages() {
    let request = HTTPRequest(url: "http://host", headers: ["Authorization": "Bearer sk-very-secret"])
    #expect(
      request.redacting("a Bearer sk-very-secret, then sk-very-secret") == "a [hidden], then [hidden]")
  }
}
