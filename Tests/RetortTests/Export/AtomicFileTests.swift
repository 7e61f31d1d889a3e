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
}
