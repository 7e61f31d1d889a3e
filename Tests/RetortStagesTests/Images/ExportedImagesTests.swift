import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ExportedImagesTests {
  private let tools = #"[{"type":"function","function":{"name":"zoom","description":"Looks closer."}}]"#

  private func export(
    _ rows: [[JSON]], _ shelf: MemoryImages, in folder: URL, formats: [ExportTrajectories.Format]? = nil
  ) async throws -> Exported {
    let workspace = Workspace(
      folder: folder, models: ScriptedProvider(), tools: ToolServices(images: shelf))
    let config = ExportTrajectories.Config(folder: "out", formats: formats, images: true)
    let rows = rows.map { JSON.object(["messages": .array($0), "tools": .string(tools)]) }
    let answers = try await Bench.answers(of: ExportTrajectories(config, in: workspace), to: rows)
    return Exported(folder: folder.appending(path: "out", directoryHint: .isDirectory), answers: answers)
  }

  private func looked(_ image: ImageReference, _ crop: ImageReference) -> [JSON] {
    [
      ["role": "user", "content": .array([MessagePart.image(image).json, MessagePart.text("Who?").json])],
      [
        "role": "assistant", "content": "Closer.",
        "tool_calls": [
          ["id": "c", "type": "function", "function": ["name": "zoom", "arguments": "{}"]]
        ],
      ], ["role": "tool", "tool_call_id": "c", "name": "zoom", "content": "cut"],
      ["role": "user", "content": .array([MessagePart.image(crop).json])],
      ["role": "assistant", "content": "Ada."],
    ]
  }

  @Test func eachTrainerReadsImagesInItsOwnWay() async throws {
    let (folder, shelf) = (try Bench.folder(), MemoryImages())
    let (image, crop) = (try await shelf.keep(Drawn.png(4, 3)), try await shelf.keep(Drawn.png(2, 2)))
    let (a, b) = ("images/\(image.digest.hex).png", "images/\(crop.digest.hex).png")
    let plain: [JSON] = [["role": "user", "content": "Hi"], ["role": "assistant", "content": "Ho"]]
    let out = try await export([plain, looked(image, crop)], shelf, in: folder)
    #expect(out.dropped == [])
    #expect(try Set(out.files).isSuperset(of: [a, b]))
    #expect(try Data(contentsOf: out.folder.appending(path: a)) == Drawn.png(4, 3))
    let text: (String) -> JSON = { ["type": "text", "text": .string($0)] }
    let shown: (String) -> JSON = { ["type": "image", "image": .string($0)] }
    // The first line has a call and an image.
    let parts = try out.lines("calls-train.jsonl")
    #expect(parts[0]["images"] == .null)
    #expect(
      parts[0]["messages"]?.array?.map { $0["content"] } == [
        [shown(a), text("Who?")], [text("Closer.")], [text("cut")], [shown(b)], [text("Ada.")],
      ])
    #expect(parts[1]["messages"]?.array?.map { $0["content"] } == [[text("Hi")], [text("Ho")]])
    let marks = try out.lines("marks-train.jsonl")
    #expect(marks[0]["images"] == [.string(a), .string(b)])
    #expect(
      marks[0]["messages"]?.array?.map { $0["content"]?.string } == [
        "<image>Who?", "Closer.", "cut\n<image>", "Ada.",
      ])
    #expect(marks[1]["images"] == [])
    let factory = try out.lines("llama-factory-train.jsonl")[0]
    #expect(
      factory["conversations"]?.array?.map { $0["value"]?.string?.hasPrefix("<image>") } == [
        true, false, false, false,
      ])
    #expect(factory["images"] == [.string(a), .string(b)])
    #expect(try out.lines("tags-train.jsonl")[0]["images"] == [["image": .string(a)], ["image": .string(b)]])
    let manifest = try JSON(parsing: out.text("manifest.json"))
    let listed = manifest["files"]?.array?.compactMap { $0["path"]?.string } ?? []
    #expect(Set(listed).isSuperset(of: [a, b]))
    // Once more, over what is there.
    _ = try await export([plain, looked(image, crop)], shelf, in: folder)
    #expect(try Data(contentsOf: out.folder.appending(path: a)) == Drawn.png(4, 3))
  }

  @Test func aFileThatIsNotOursStays() async throws {
    let (folder, shelf) = (try Bench.folder(), MemoryImages())
    let (image, crop) = (try await shelf.keep(Drawn.png(4, 3)), try await shelf.keep(Drawn.png(2, 2)))
    let path = folder.appending(path: "out/images/\(image.digest.hex).png")
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: path)
    await #expect(throws: StageError.self) { _ = try await export([looked(image, crop)], shelf, in: folder) }
    #expect(try Data(contentsOf: path) == Data("mine".utf8))
  }

  @Test func aMarkWithoutAnImageIsDropped() async throws {
    let rows: [[JSON]] = [
      [["role": "user", "content": "An <image> tag?"], ["role": "assistant", "content": "Ho"]],
      [["role": "user", "content": "Hi"], ["role": "assistant", "content": "Ho"]],
    ]
    let out = try await export(rows, MemoryImages(), in: Bench.folder(), formats: [.msSwift])
    #expect(out.dropped == ["image mark in a text"])
    await #expect(throws: StageError.self) {
      _ = try await export(rows, MemoryImages(), in: Bench.folder(), formats: [.openRLHF])
    }
  }

  @Test func callsCanBeTextForEveryTrainer() async throws {
    let (folder, shelf) = (try Bench.folder(), MemoryImages())
    let (image, crop) = (try await shelf.keep(Drawn.png(4, 3)), try await shelf.keep(Drawn.png(2, 2)))
    let (a, b) = ("images/\(image.digest.hex).png", "images/\(crop.digest.hex).png")
    let spoken: [JSON] = [
      ["role": "system", "content": "Say <zoom> to look."],
      ["role": "user", "content": .array([MessagePart.image(image).json, MessagePart.text("Who?").json])],
      ["role": "assistant", "content": "<zoom>it</zoom>"],
      [
        "role": "user",
        "content": .array([
          MessagePart.text("<result>\n").json, MessagePart.image(crop).json,
          MessagePart.text("\n</result>").json,
        ]),
      ], ["role": "assistant", "content": "Ada."],
    ]
    let workspace = Workspace(folder: folder, models: ScriptedProvider(), tools: ToolServices(images: shelf))
    let config = ExportTrajectories.Config(folder: "out", images: true, calls: .text)
    let answers = try await Bench.answers(
      of: ExportTrajectories(config, in: workspace),
      to: [looked(image, crop), spoken].map { .object(["messages": .array($0), "tools": .string(tools)]) })
    let out = Exported(folder: folder.appending(path: "out", directoryHint: .isDirectory), answers: answers)
    #expect(out.dropped == [])
    let marks = try out.lines("marks-train.jsonl")
    #expect(marks.map { $0["images"] } == [[.string(a), .string(b)], [.string(a), .string(b)]])
    #expect(
      marks[0]["messages"]?.array?.dropFirst().map { $0["content"]?.string } == [
        "<image>Who?", "Closer.\n<tool_call>\n{\"name\":\"zoom\",\"arguments\":{}}\n</tool_call>",
        "<tool_response>\ncut\n<image>\n</tool_response>", "Ada.",
      ])
    #expect(marks[0]["messages"]?.array?.first?["content"]?.string?.contains("Looks closer.") == true)
    // What was said in text is written as it was said.
    #expect(
      marks[1]["messages"]?.array?.map { $0["content"]?.string } == [
        "Say <zoom> to look.", "<image>Who?", "<zoom>it</zoom>", "<result>\n<image>\n</result>", "Ada.",
      ])
    #expect(
      try out.lines("parts-train.jsonl")[1]["messages"]?.array?[1]["content"] == [
        ["type": "image", "image": .string(a)], ["type": "text", "text": "Who?"],
      ])
    #expect(try out.lines("tags-train.jsonl")[0]["images"] == [["image": .string(a)], ["image": .string(b)]])
    #expect(try out.text("dataset_info.json").contains(#""images":"images""#))
    // By default such a row is dropped.
    let plain = try await export([spoken], shelf, in: Bench.folder())
    #expect(plain.dropped == ["calls as text"])
  }

  @Test func promptsThatDifferInAnImageAreTwo() async throws {
    let (folder, shelf) = (try Bench.folder(), MemoryImages())
    let (one, two) = (try await shelf.keep(Drawn.png(4, 3)), try await shelf.keep(Drawn.png(5, 3)))
    let paths = [one, two].map { "images/\($0.digest.hex).png" }
    let workspace = Workspace(folder: folder, models: ScriptedProvider(), tools: ToolServices(images: shelf))
    func row(_ image: ImageReference?) -> JSON {
      ["question": "Who?", "reference": "Ada", "picture": image?.json ?? nil]
    }
    let zoom = ScriptedTool("zoom") { _ in "" }
    var config = ExportRLPrompts.Config(
      folder: "out", tools: [zoom.reference], spec: ["picture"], images: ["picture"], withoutTools: "bare")
    let bare: JSON = ["question": "1 + 1?", "reference": "2", "picture": nil, "bare": true]
    let answers = try await Bench.answers(
      of: ExportRLPrompts(config, in: workspace), to: [row(one), row(two), row(one), bare])
    let out = Exported(folder: folder.appending(path: "out", directoryHint: .isDirectory), answers: answers)
    #expect(out.dropped == [])
    #expect(try Set(out.files).isSuperset(of: paths))
    let shared = try out.lines("verl-train.jsonl")
    #expect(
      shared.map { $0["images"] } == [[["image": .string(paths[0])]], [["image": .string(paths[1])]], []])
    #expect(
      shared.map { $0["prompt"]?.array?.first?["content"] } == ["<image>Who?", "<image>Who?", "1 + 1?"])
    #expect(shared.map { $0["env_name"] } == ["retort", "retort", .null])
    #expect(shared.map { $0["environment"] } == ["retort", "retort", "none"])
    #expect(shared.map { $0["extra_info"]?["tool_selection"] } == [["zoom"], ["zoom"], []])
    #expect(
      shared[0]["extra_info"]?["tools_kwargs"]?["zoom"]?["create_kwargs"]?["spec"]
        == .string(#"{"picture":"\#(paths[0])"}"#))
    let parts = try out.lines("trl-train.jsonl")
    #expect(
      parts[1]["prompt"]?.array?.first?["content"] == [
        ["type": "image", "image": .string(paths[1])], ["type": "text", "text": "Who?"],
      ])
    #expect(parts[1]["images"] == nil)
    #expect(
      try out.lines("ms-swift-train.jsonl").map { $0["images"] } == [
        [.string(paths[0])], [.string(paths[1])], [],
      ])
    config = ExportRLPrompts.Config(folder: "plain", images: ["picture"])
    let plain = try await Bench.answers(of: ExportRLPrompts(config, in: workspace), to: [row(one), row(two)])
    let other = Exported(folder: folder.appending(path: "plain", directoryHint: .isDirectory), answers: plain)
    #expect(try other.lines("verl-train.jsonl").count == 2)
    #expect(try !other.files.contains("openrlhf-train.jsonl"))
    #expect(throws: StageError.self) {
      _ = try ExportRLPrompts(
        .init(folder: "out", formats: [.openRLHF], images: ["picture"]), in: workspace)
    }
  }

  @Test func supervisedSetsShowImagesToo() async throws {
    let (folder, shelf) = (try Bench.folder(), MemoryImages())
    let image = try await shelf.keep(Drawn.png(4, 3))
    let path = "images/\(image.digest.hex).png"
    let workspace = Workspace(folder: folder, models: ScriptedProvider(), tools: ToolServices(images: shelf))
    let stage = try ExportSFT(.init(folder: "out", images: ["picture"]), in: workspace)
    let answers = try await Bench.answers(
      of: stage,
      to: [
        ["question": "Who?", "completion": "Ada.", "picture": image.json],
        ["question": "At <image>?", "completion": "Ada.", "picture": image.json],
        ["question": "Hi", "completion": "Ho", "picture": nil],
        ["question": "<image> <image>", "completion": "Ada.", "picture": image.json],
      ])
    let out = Exported(folder: folder.appending(path: "out", directoryHint: .isDirectory), answers: answers)
    #expect(out.dropped == ["image marks"])
    let turns = try out.lines("messages-train.jsonl").map { $0["messages"]?.array?.first?["content"]?.string }
    #expect(turns == ["<image>Who?", "At <image>?", "Hi"])
    #expect(
      try out.lines("messages-train.jsonl").map { $0["images"] } == [[.string(path)], [.string(path)], []])
    let parts: JSON = [
      ["type": "text", "text": "At "], ["type": "image", "image": .string(path)],
      ["type": "text", "text": "?"],
    ]
    #expect(try out.lines("parts-train.jsonl")[1]["messages"]?.array?.first?["content"] == parts)
    #expect(try out.lines("completions-train.jsonl")[1]["prompt"] == [["role": "user", "content": parts]])
    #expect(
      try out.lines("completions-train.jsonl")[1]["completion"] == [
        ["role": "assistant", "content": [["type": "text", "text": "Ada."]]]
      ])
    #expect(throws: StageError.self) {
      _ = try ExportSFT(.init(folder: "out", formats: [.verl], images: ["picture"]), in: workspace)
    }
  }
}
