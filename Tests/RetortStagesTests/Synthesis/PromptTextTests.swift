import Foundation
import RetortCore
import Testing

@testable import RetortStages

@Suite struct PromptTextTests {
  /// The files are there to be copied and edited; a copy that differs from what runs would mislead.
  @Test(arguments: [
    ("rationale", PromptText.rationale), ("parse-question", PromptText.questionParsing),
    ("parse-rationale", PromptText.rationaleParsing), ("score-reward", PromptText.rewardQuestion),
    ("compare-pair", PromptText.comparePair),
  ])
  func theFilesSayWhatRuns(name: String, text: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    let file = root.appending(path: "prompts/\(name).mustache").standardizedFileURL
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}
