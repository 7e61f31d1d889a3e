import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

@Suite struct ImagesOnWireTests {
  private final class Sent: Sendable {
    let bodies = Mutex<[String]>([])
  }

  private func ask(_ request: ChatRequest, _ images: any ImageShelf, _ sent: Sent) async throws -> String {
    var model = ModelSpec(alias: "m", name: "m")
    model.endpoint = "http://127.0.0.1:9/v1"
    model.retries = 0
    let transport = ScriptedTransport { request, _ in
      sent.bodies.withLock { $0.append(String(decoding: request.body ?? [], as: UTF8.self)) }
      return HTTPResponse(
        status: 200,
        body: Array(#"{"choices":[{"message":{"content":"seen"}}],"usage":{"prompt_tokens":9}}"#.utf8))
    }
    let stack = ModelStack(
      models: [model], transport: transport, memory: DictionaryMemory(), clock: JumpingClock(),
      environment: [:],
      images: images)
    return try await stack.chat(ModelRef(model)).reply(to: request).text
  }

  @Test func onlyWhatIsSentHasBytes() async throws {
    let shelf = MemoryImages()
    let bytes = Drawn.png(4, 3)
    let image = try await shelf.keep(bytes)
    let sent = Sent()
    let request = ChatRequest([.system("S"), .user([.image(image), .text("What?")])])
    #expect(try await ask(request, shelf, sent) == "seen")
    let body = try JSON(parsing: try #require(sent.bodies.withLock { $0.first }))
    #expect(
      body["messages"] == [
        ["role": "system", "content": "S"],
        [
          "role": "user",
          "content": [
            [
              "type": "image_url",
              "image_url": ["url": .string("data:image/png;base64," + bytes.base64EncodedString())],
            ], ["type": "text", "text": "What?"],
          ],
        ],
      ])
    #expect(!request.prompt.text.contains("base64"))
    #expect(request.prompt.text.contains(image.name))
  }

  @Test func anImageThatIsGoneFailsItsRowBeforeAnythingIsSent() async throws {
    let image = try ImageReference(reading: Drawn.png(4, 3))
    let sent = Sent()
    await #expect(throws: StageError.self) {
      _ = try await ask(ChatRequest([.user([.image(image)])]), MemoryImages(), sent)
    }
    #expect(sent.bodies.withLock { $0 } == [])
  }

  @Test func aServerWithoutSystemTurnsIsToldBeforeTheImage() throws {
    let image = try ImageReference(reading: Drawn.png(4, 3))
    let messages = [ChatMessage.system("S"), .user([.image(image), .text("Q")])].json
    var spelling = Spelling()
    spelling.foldsSystemTurn = true
    let exchange = Exchange(path: "", fields: ["messages": messages], usage: { _ in nil }, read: { _ in 0 })
    let turns = try JSON(parsing: spelling.text(of: exchange))["messages"]?.array
    #expect(turns?.count == 1)
    let first: JSON = ["type": "text", "text": "S\n\n"]
    #expect(turns?.first?["content"]?.array?.first == first)
  }
}
