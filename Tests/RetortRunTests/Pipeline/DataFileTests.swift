import Foundation
import OrderedCollections
import RetortCore
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun
@testable import RetortStages

/// What a stage reads of a data file is what the pipeline was read with, or an error.
struct DataFileTests {
  enum Change: CaseIterable, Sendable {
    case appended, cut, oneByte, replaced, removed, made, touched
  }

  /// Changes a file after the pipeline has named it, before or while it is read.
  private func change(_ file: DataFile, _ change: Change) throws {
    let text = try String(contentsOf: file.url, encoding: .utf8)
    switch change {
    case .appended: try (text + text).write(to: file.url, atomically: false, encoding: .utf8)
    case .cut: try String(text.prefix(text.count / 2)).write(to: file.url, atomically: false, encoding: .utf8)
    case .oneByte:
      try text.replacing("a", with: "b", maxReplacements: 1).write(
        to: file.url, atomically: false, encoding: .utf8)
    case .replaced: try "{\"q\":\"c\"}\n".write(to: file.url, atomically: true, encoding: .utf8)
    case .removed: try FileManager.default.removeItem(at: file.url)
    case .made: try "".write(to: file.url, atomically: true, encoding: .utf8)
    case .touched:
      try FileManager.default.setAttributes(
        [.modificationDate: Date.distantPast], ofItemAtPath: file.url.path)
    }
  }

  @Test(arguments: Change.allCases) func aChangeBeforeItIsReadIsAnError(of kind: Change) async throws {
    try await withFile("rows.jsonl", "{\"q\":\"a\"}\n{\"q\":\"b\"}\n".utf8) { file in
      try change(file, kind)
      let stage = try ReadJSONL(.init(file: file), in: noModels)
      switch kind {
      case .touched: #expect(try await read(stage).rows == [["q": "a"], ["q": "b"]])
      case .removed: await #expect(throws: StageError.self) { try await read(stage) }
      default:
        await #expect(
          throws: StageError(
            "expected '\(file.path)' as it was when the run began, found it changed: it was written to while it was "
              + "read; let that end, and run again")
        ) { try await read(stage) }
      }
    }
  }

  @Test(arguments: [true, false])
  func aChangeWhileItIsReadIsAnError(grows: Bool) async throws {
    let text = String(repeating: "{\"q\":\"a\"}\n", count: 1000)
    try await withFile("rows.jsonl", text.utf8) { file in
      var lines = try LineReader(file, chunkSize: 100)
      for _ in 0..<500 { _ = try lines.next() }
      if grows {
        let handle = try FileHandle(forWritingTo: file.url)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"q\":\"b\"}\n".utf8))
      } else {
        try FileHandle(forWritingTo: file.url).truncate(atOffset: 7000)
      }
      #expect(throws: StageError.self) { while try lines.next() != nil {} }
    }
  }

  @Test func aFileThatIsPutAsideWhileItIsReadIsReadToItsEnd() async throws {
    try await withFile("rows.jsonl", "1\n2\n3\n".utf8) { file in
      var lines = try LineReader(file, chunkSize: 2)
      _ = try lines.next()
      try change(file, .replaced)
      var count = 1
      while try lines.next() != nil { count += 1 }
      #expect(count == 3)
    }
  }

  @Test func readersOfWholeFilesSeeAChangeToo() async throws {
    try await withFile("rows.json", "[{\"q\":\"a\"}]".utf8) { file in
      try change(file, .oneByte)
      await #expect(throws: StageError.self) { try await read(ReadJSON(.init(file: file), in: noModels)) }
    }
    try await withFile("page.html", "<p>a</p>".utf8) { file in
      try change(file, .oneByte)
      let stage = try ReadHTML(.init(file: file, select: "//p", columns: ["text": "."]), in: noModels)
      await #expect(throws: StageError.self) { try await read(stage) }
    }
    try await withFile("quiz.txt", "\na\n".utf8) { file in
      try change(file, .appended)
      await #expect(throws: StageError.self) { try await read(ReadLogiQA(.init(file: file), in: noModels)) }
    }
    try await withFile("tests.txt", "one two three".utf8) { file in
      try change(file, .appended)
      let stage = try Decontaminate(.init(files: [file], column: "q"), in: Bench.nowhere)
      await #expect(throws: StageError.self) { try await stage.process(Columns(["q": "four"])) }
    }
  }

  @Test(arguments: ["folder", "pipe"]) func whatIsNoFileIsRefusedAtOnce(kind: String) throws {
    let path = try Bench.folder().appending(path: "x").path
    if kind == "folder" { mkdir(path, 0o755) } else { mkfifo(path, 0o644) }
    let fault = #expect(throws: JSONError.self) { try JSON.string(path).decode(DataFile.self) }
    #expect(
      fault.map { "\($0)".contains("expected a readable file, found a \(kind) at '\(path)' (\(path))") }
        == true)
  }
}
