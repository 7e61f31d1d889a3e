import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

struct ShellWordTests {
  @Test(arguments: [
    "", "plain/path-1.yaml", "it's", "$(touch x) `y` \"z\" \\", "a b\n\tc", "é", "--x={\"a\": 1}",
  ])
  func aShellReadsItBackAsOneWord(text: String) throws {
    let data = try Program.output(of: ["sh", "-c", "printf '%s|' \(ShellWord(text)) end"]).data
    #expect(String(decoding: data, as: UTF8.self) == "\(text)|end|")
  }

  @Test func whatNeedsNoQuotesHasNone() {
    #expect(ShellWord("out/demo.yaml").description == "out/demo.yaml")
    #expect(ShellWord("a b").description == "'a b'")
  }
}
