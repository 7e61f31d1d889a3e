import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

struct AtomicFileTests {
  private let folder: URL
  private let target: ExportTarget
  private let ledger = MemoryLedger()

  init() throws {
    folder = try Bench.folder()
    target = ExportTarget(folder.appending(path: "a.txt"))
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func put(_ text: String, at target: ExportTarget) async throws {
    let file = try await AtomicFile(target, in: ledger)
    try file.write(text)
    #expect(try file.seal() == Digest(of: text).hex)
    try await OwnFiles(ledger).put([file])
  }

  @Test func aFileReplacesAnOlderOneOfItsOwn() async throws {
    let deep = ExportTarget(folder.appending(path: "deep/a.txt"))
    for text in ["old and long", "abc"] { try await put(text, at: deep) }
    #expect(try String(contentsOf: deep.url, encoding: .utf8) == "abc")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "deep").path) == ["a.txt"])
  }

  @Test func anAbandonedFileLeavesNothing() async throws {
    do {
      let file = try await AtomicFile(target, in: ledger)
      try file.write("half")
    }
    #expect(try names() == [])
  }

  @Test func whatAKilledProcessLeftIsWrittenOver() async throws {
    try "half a file of a dead process".write(to: target.partial, atomically: false, encoding: .utf8)
    var info = stat()
    try #require(stat(target.partial.path, &info) == 0)
    ledger.note(partial: UInt64(info.st_ino), of: target)
    try await put("whole", at: target)
    #expect(try String(contentsOf: target.url, encoding: .utf8) == "whole")
    #expect(try names() == ["a.txt"])
  }

  @Test func twoAtOnceAreRefused() async throws {
    let first = try await AtomicFile(target, in: ledger)
    await #expect(
      throws: StageError(
        "cannot write '\(target.url.path)': another process is writing it; let that one end first")
    ) { try await AtomicFile(target, in: ledger) }
    try first.write("first")
    try await OwnFiles(ledger).put([first])
    #expect(try String(contentsOf: target.url, encoding: .utf8) == "first")
  }

  @Test(arguments: ["file", "link", "dangling link", "folder", "pipe"])
  func whatNoExportLeftUnderTheTemporaryNameStays(kind: String) async throws {
    let precious = folder.appending(path: "precious.txt")
    try "precious".write(to: precious, atomically: false, encoding: .utf8)
    let path = target.partial.path
    let found: String
    switch kind {
    case "file":
      try "notes".write(toFile: path, atomically: false, encoding: .utf8)
      found = "a file that no export of retort's left"
    case "link":
      symlink(precious.path, path)
      found = "a link to '\(precious.path)'"
    case "dangling link":
      symlink(folder.path + "/none", path)
      found = "a link to '\(folder.path)/none'"
    case "folder":
      mkdir(path, 0o755)
      found = "a folder"
    default:
      mkfifo(path, 0o644)
      found = "a pipe"
    }
    let before = try names()
    await #expect(
      throws: StageError(
        "cannot write '\(target.url.path)': it is written as '\(path)' first, and there is \(found); move that away"
      )
    ) { try await AtomicFile(target, in: ledger) }
    #expect(try names() == before)
    #expect(try String(contentsOf: precious, encoding: .utf8) == "precious")
  }
}
