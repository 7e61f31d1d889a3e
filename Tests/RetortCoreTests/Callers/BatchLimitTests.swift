import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

struct BatchLimitTests {
  /// Sizes of the batches that a server was asked for, one after the other, which takes at most `allowed` texts.
  private func batches(
    of texts: Int, times: Int = 1, allowed: Int, inputs: Int? = nil, status: Int = 413,
    words: String = "batch size 64 > maximum allowed batch size 32"
  ) async throws -> [Int] {
    var model = ModelSpec(alias: "e", name: "e", kind: .embedding)
    model.endpoint = "http://host/v1"
    model.concurrency = 1
    model.retries = 0
    model.maxInputs = inputs
    let count = { (request: HTTPRequest) in
      try JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))["input"]?.array?.count ?? 0
    }
    let transport = ScriptedTransport { request, _ in
      let texts = try JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))["input"]?.array ?? []
      guard texts.count <= allowed else {
        return HTTPResponse(
          status: status, body: Array(JSON.object(["error": .string(words)]).text.utf8))
      }
      let vectors = texts.map { _ in JSON.object(["embedding": [1, 2]]) }
      return HTTPResponse(status: 200, body: Array(JSON.object(["data": .array(vectors)]).text.utf8))
    }
    let stack = ModelStack(
      models: [model], transport: transport, memory: DictionaryMemory(), clock: JumpingClock(),
      random: { 0 }, environment: [:])
    for time in 0..<times {
      _ = try await stack.embedding(ModelRef(model)).embed((0..<texts).map { "\(time) \($0)" })
    }
    return try transport.requests.map(count)
  }

  @Test(arguments: [413, 422]) func aLimitIsLearnedOnce(status: Int) async throws {
    #expect(try await batches(of: 64, times: 2, allowed: 32, status: status) == [64, 32, 32, 32, 32])
  }

  @Test func aFileSaysALimit() async throws {
    #expect(try await batches(of: 5, allowed: 2, inputs: 2).sorted() == [1, 2, 2])
  }

  @Test func aTextThatIsTooLongTeachesNoLimit() async throws {
    let words = "`inputs` must have less than 512 tokens. Given: 600"
    #expect(try await batches(of: 4, times: 2, allowed: 2, words: words) == [4, 2, 2, 4, 2, 2])
  }
}
