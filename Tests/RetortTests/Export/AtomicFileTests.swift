import Foundation
import Retort
import Testing

struct AtomicFileTests {
  @Test func aCommittedFileReplacesAnOlderOne() throws {
    let folder = try Bench.folder()
    let url = folder.appending(path: "deep/a.txt")
    for text in ["old and long", "abc"] {
      let file = try AtomicFile(url)
      try file.write(text)
      let hash = try file.commit()
      #expect(hash == Digest(of: text).hex)
    }
    #expect(try String(contentsOf: url, encoding: .utf8) == "abc")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path) == ["a.txt"])
  }

  @Test func anAbandonedFileLeavesNothing() throws {
    let folder = try Bench.folder()
    do {
      let file = try AtomicFile(folder.appending(path: "a.txt"))
      try file.write("half")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test func whatAKilledProcessLeftIsWrittenOver() throws {
    let folder = try Bench.folder()
    try "half a file of a dead process".write(
      to: folder.appending(path: ".a.txt.partial"), atomically: false, encoding: .utf8)
    let file = try AtomicFile(folder.appending(path: "a.txt"))
    try file.write("whole")
    _ = try file.commit()
    #expect(try String(contentsOf: folder.appending(path: "a.txt"), encoding: .utf8) == "whole")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.txt"])
  }

  @Test func twoAtOnceAreRefused() throws {
    let url = try Bench.folder().appending(path: "a.txt")
    let first = try AtomicFile(url)
    #expect(
      throws: StageError("cannot write '\(url.path)': another process is writing it; let that one end first")
    ) { try AtomicFile(url) }
    try first.write("first")
    _ = try first.commit()
    #expect(try String(contentsOf: url, encoding: .utf8) == "first")
  }
}
