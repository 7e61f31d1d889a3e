import Foundation
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ScratchFolderTests {
  @Test func whatAKilledProcessLeftIsTakenAwayAndNothingElse() throws {
    let place = try Bench.folder()
    for (name, file) in [
      ("retort-scratch-killed", ".lock"), ("retort-scratch-begun", ".new"), ("another", ".lock"),
    ] {
      let folder = place.appending(path: name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: folder.appending(path: file))
    }
    func names() throws -> Set<String> {
      Set(try FileManager.default.contentsOfDirectory(atPath: place.path))
    }
    do {
      let first = try ScratchFolder(in: place)
      try Data("x".utf8).write(to: first.url.appending(path: "rows.jsonl"))
      let second = try ScratchFolder(in: place)
      #expect(
        try names() == [
          "retort-scratch-begun", "another", first.url.lastPathComponent, second.url.lastPathComponent,
        ])
    }
    #expect(try names() == ["retort-scratch-begun", "another"])
  }
}
