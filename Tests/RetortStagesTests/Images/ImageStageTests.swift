import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ImageStageTests {
  private let image = ImageReference(digest: Digest(of: "a"), type: .png, width: 640, height: 480)
  private let other = ImageReference(digest: Digest(of: "b"), type: .jpeg, width: 30, height: 20)

  private func shown(_ text: String, _ row: JSON.Object) throws -> [MessagePart]? {
    let columns = try ImageColumns(["picture", "more"])
    let messages = try columns.shown(in: [.system("S"), .user(text)], of: Columns(row))
    return MessagePart.list(messages[1].wire?["content"])
  }

  @Test func imagesStandBeforeTheTextOrAtTheirMarks() throws {
    let row: JSON.Object = ["picture": image.json, "more": [other.json]]
    #expect(try shown("Q", row) == [.image(image), .image(other), .text("Q")])
    #expect(
      try shown("A <image> B <image>", row) == [.text("A "), .image(image), .text(" B "), .image(other)])
    #expect(try shown("Q", ["picture": nil, "more": nil]) == nil)
    for (text, row) in [
      ("<image>", row), ("Q", ["picture": "a.png", "more": nil]),
      ("Q", ["picture": ["image": "sha256:a"], "more": nil]),
    ]
      as [(String, JSON.Object)]
    {
      #expect(throws: BadRow.self) { _ = try shown(text, row) }
    }
    #expect(throws: StageError.self) { _ = try ImageColumns([]) }
  }

  // MARK: Readers

  private func read(_ lines: [String], files: [String: Data] = [:], twice: Bool = false) async throws -> (
    ReaderAnswers, RecordConfig, MemoryImages
  ) {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in files {
      let url = folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try bytes.write(to: url)
    }
    try Data(lines.joined(separator: "\n").utf8).write(to: folder.appending(path: "rows.jsonl"))
    let file = try DataFile("rows.jsonl", in: folder)
    let config = ReadJSONL.resolved(RecordConfig(file: file, images: ["image"]))
    let shelf = MemoryImages()
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(), tools: ToolServices(images: shelf))
    return (try await RetortTestSupport.read(ReadJSONL(config, in: workspace)), config, shelf)
  }

  @Test func namedImagesBecomeReferences() async throws {
    let png = Drawn.png(4, 3)
    let uri = "data:image/png;base64," + Drawn.png(5, 5).base64EncodedString()
    let (answers, _, shelf) = try await read(
      [
        #"{"n": 1, "image": "pictures/a.png"}"#, #"{"n": 2, "image": null}"#,
        #"{"n": 3, "image": ["pictures/a.png", "\#(uri)"]}"#, #"{"n": 4}"#,
      ], files: ["pictures/a.png": png])
    let (first, second) = (try ImageReference(reading: png), try ImageReference(reading: Drawn.png(5, 5)))
    #expect(
      answers.rows == [
        ["n": 1, "image": first.json], ["n": 2, "image": nil],
        ["n": 3, "image": [first.json, second.json]], ["n": 4, "image": nil],
      ])
    #expect(answers.rejected == [])
    #expect(try await shelf.bytes(of: second) == Drawn.png(5, 5))
  }

  @Test func whatIsNoImageIsACountedDropWithItsLine() async throws {
    let (answers, _, _) = try await read(
      [
        #"{"image": "gone.png"}"#, #"{"image": "text.png"}"#, #"{"image": "huge.png"}"#, #"{"image": "."}"#,
        #"{"image": 7}"#, #"{"image": "data:image/png;base64,%%%"}"#, #"{"image": ""}"#,
      ], files: ["text.png": Data("no image".utf8), "huge.png": Drawn.png(100_000, 100_000)])
    #expect(answers.rows == [])
    let reasons = answers.rejected.map { $0.split(separator: ",", maxSplits: 1)[0] }
    #expect(
      reasons == [
        "image missing: rows.jsonl", "no image: rows.jsonl", "image too large: rows.jsonl",
        "image missing: rows.jsonl", "no image: rows.jsonl", "no image: rows.jsonl", "no image: rows.jsonl",
      ])
    #expect(answers.rejected[1].contains("line 2: 'image': expected a PNG, JPEG, WebP or GIF image"))
  }

  @Test func theBytesOfTheImagesAreInTheKey() async throws {
    func key(_ files: [String: Data]) async throws -> JSON {
      try JSON(encoding: await read([#"{"image": "a.png"}"#], files: files).1)
    }
    let (one, two) = (
      try await key(["a.png": Drawn.png(4, 3)]), try await key(["a.png": Drawn.png(4, 3, shade: 9)])
    )
    let none = try await key([:])
    #expect(Set([one, two, none]).count == 3)
    #expect(one.object?.keys == ["file", "columns", "defaults", "types", "images", "image_content"])
    #expect(try await key(["a.png": Drawn.png(4, 3)]) == one)
  }

  // MARK: Conversations

  private func play(
    _ form: CallFormName, _ texts: [ChatReply], images: [ImageReference], _ spec: ModelSpec
  ) async throws -> (Rollout.Played, [String]) {
    let asked = Mutex<[String]>([])
    let turn = Mutex(0)
    let zoom = ScriptedTool(
      "zoom", parameters: ["type": "object", "properties": ["bbox_2d": ["type": "array"]]],
      answering: { [other] arguments in
        asked.withLock { $0.append(JSON.object(arguments).text) }
        return ToolAnswer("cut", images: [other])
      })
    let model = ScriptedModel { _ in
      texts[
        turn.withLock {
          $0 += 1
          return $0 - 1
        }]
    }
    let rollout = Rollout(
      model: model, form: try form.form([zoom.offer], [:]),
      toolbox: try Toolbox([zoom], memory: DictionaryToolMemory()), bounds: .init(), images: images,
      spec: spec,
      length: { $0.usage.completionTokens })
    let question = ChatMessage.user(images.map { .image($0) } + [.text("Who?")])
    let played = try await rollout.play([question], sampling: Sampling(), draw: 0)
    return (played, asked.withLock { $0 })
  }

  private let call = #"<tool_call>{"name": "zoom", "arguments": {"bbox_2d": [0, 0, 500, 1000]}}</tool_call>"#

  @Test func aResultShowsItsImagesInTheUsersTurn() async throws {
    let (played, _) = try await play(
      .tags, [ChatReply(text: call), ChatReply(text: "<answer>Ada</answer>")], images: [image],
      ModelSpec(alias: "m", name: "m"))
    #expect(played.messages[1] == .assistant(call))
    #expect(
      played.messages[2]
        == .user([.text("<tool_response>\ncut\n"), .image(other), .text("\n</tool_response>")]))
  }

  @Test func underNativeTheyFollowTheToolTurn() async throws {
    var reply = ChatReply(text: "")
    reply.toolCalls = [AskedTool(id: "c1", name: "zoom", arguments: "{}")]
    let (played, _) = try await play(
      .native, [reply, ChatReply(text: "Ada")], images: [image], ModelSpec(alias: "m", name: "m"))
    #expect(Array(played.messages[2...3]) == [.tool("cut", of: reply.toolCalls[0]), .user([.image(other)])])
  }

  @Test func boxesAreMappedForTheToolAndKeptAsTheyWereSaid() async throws {
    var spec = ModelSpec(alias: "m", name: "m")
    let texts = [ChatReply(text: call), ChatReply(text: "<answer>Ada</answer>")]
    #expect(try await play(.tags, texts, images: [image], spec).1 == [#"{"bbox_2d":[0,0,500,1000]}"#])
    spec.coordinates = .thousandths
    let (played, asked) = try await play(.tags, texts, images: [image], spec)
    #expect(asked == [#"{"bbox_2d":[0,0,320,480]}"#])
    #expect(played.messages[1] == .assistant(call))
    #expect(try await play(.tags, texts, images: [], spec).1 == [#"{"bbox_2d":[0,0,500,1000]}"#])
  }

  /// Null is a row without an image; no column at all is another name, and nobody is asked for it.
  @Test func anAbsentColumnIsAMistake() throws {
    let columns = try ImageColumns(["imag"])
    func reason(_ row: JSON.Object, _ text: String = "q") -> String? {
      do throws(BadRow) {
        _ = try columns.shown(in: [.user(text)], of: Columns(row))
        return nil
      } catch { return error.reason }
    }
    #expect(reason(["image": nil]) == "no image column")
    #expect(reason(["imag": nil]) == nil)
    #expect(reason(["imag": nil], "Look <image>") == "image marks")
  }
}
