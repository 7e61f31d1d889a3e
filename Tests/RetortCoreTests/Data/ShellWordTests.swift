import Foundation
import Testing

@testable import RetortCore

struct ShellWordTests {
  @Test(arguments: [
    "", "plain/path-1.yaml", "it's", "$(touch x) `y` \"z\" \\", "a b\n\tc", "é", "--x={\"a\": 1}",
  ])
  func aShellReadsItBackAsOneWord(text: String) throws {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "printf '%s|' \(ShellWord(text)) end"]
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(String(decoding: data, as: UTF8.self) == "\(text)|end|")
  }

  @Test func whatNeedsNoQuotesHasNone() {
    #expect(ShellWord("out/demo.yaml").description == "out/demo.yaml")
    #expect(ShellWord("a b").description == "'a b'")
  }
}
