import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStore

@Suite struct ImageFilesTests {
  private func store() throws -> Store {
    try Store(path: Bench.folder().appending(path: "store.sqlite").path)
  }

  private func files(_ store: Store) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: store.path + ".images")) ?? []).sorted()
  }

  @Test func bytesLieOnceUnderTheirDigest() async throws {
    let store = try store()
    let bytes = Drawn.png(4, 3)
    let image = try await store.images.keep(bytes)
    let again = try await store.images.keep(bytes)
    #expect(again == image)
    #expect(files(store) == [image.digest.hex])
    #expect(try await Store(path: store.path).images.bytes(of: image) == bytes)
    #expect(try await Store(reading: store.path).images.bytes(of: image) == bytes)
  }

  @Test func whatIsNoImageIsNotKept() async throws {
    let store = try store()
    await #expect(throws: ImageFault.self) { _ = try await store.images.keep(Data("no".utf8)) }
    #expect(files(store) == [])
  }

  @Test func otherBytesAreToldAndMended() async throws {
    let store = try store()
    let bytes = Drawn.png(4, 3)
    let image = try await store.images.keep(bytes)
    let file = store.path + ".images/" + image.digest.hex
    try Data("other".utf8).write(to: URL(filePath: file))
    await #expect(throws: ImageFault.self) { _ = try await store.images.bytes(of: image) }
    // Another process finds it damaged.
    let other = try Store(path: store.path)
    _ = try await other.images.keep(bytes)
    #expect(try await store.images.bytes(of: image) == bytes)
    try FileManager.default.removeItem(atPath: file)
    await #expect(throws: ImageFault.self) { _ = try await store.images.bytes(of: image) }
  }

  @Test func imagesOfAResultAreRememberedAndCollectedWithIt() async throws {
    let store = try store()
    let (shown, idle) = (
      try await store.images.keep(Drawn.png(4, 3)), try await store.images.keep(Drawn.png(5, 3))
    )
    let part = store.path + ".images/\(idle.digest.hex).1.part"
    try Data("half".utf8).write(to: URL(filePath: part))
    let call = ToolCall(key: Digest(of: "key"), tool: "zoom", arguments: "{}", origin: CallOrigin(run: 1))
    let result = ToolResult(text: "here", images: [shown, shown], seconds: 1, number: 1)
    #expect(try await store.tools.remember(call, result) == 1)
    #expect(try await store.tools.recall([call.key]) == result)
    let would = try await store.collect(keepRuns: 1, dryRun: true)
    #expect(files(store).count == 3)
    let freed = try await store.collect(keepRuns: 1)
    #expect(files(store) == [shown.digest.hex])
    #expect((would.bytes >= 62, freed.bytes >= 62) == (true, true))
    // With the result goes what it alone names.
    _ = try await store.collect(keepRuns: 1, replies: true)
    #expect(files(store) == [])
  }
}
