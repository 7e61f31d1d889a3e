import Foundation
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun

/// What a check of the file knows of the columns that `export-sft` reads.
struct SupervisedCheckTests {
  private func mistakes(_ with: String, rows: String = "", using: String = "") throws -> [String] {
    let folder = try Bench.folder()
    let text = """
      models: { m: { endpoint: "http://127.0.0.1:9/v1", name: m } }
      stages:
        read: { uses: generate-puzzles, with: { seed: 1, count: 1 } }
        rows: { uses: generate, from: read, with: { model: m, template: "{{question}}"\(rows) } }
        out: { uses: export-sft, from: rows, \(using)with: { folder: out\(with) } }

      """
    try text.write(to: folder.appending(path: "p.yaml"), atomically: true, encoding: .utf8)
    do {
      _ = try Pipeline.read(folder.appending(path: "p.yaml"), catalog: .standard, environment: [:])
      return []
    } catch let errors as PipelineErrors { return errors.diagnostics.map(\.message) }
  }

  @Test func oneOfSeveralColumnsIsEnough() throws {
    #expect(try mistakes("") == [])
    #expect(try mistakes("", rows: ", column: completion") == [])
    #expect(try mistakes(", prompt_from: rows, assistant: \"{{answer}}\"") == [])
  }

  @Test func aColumnThatNoRowHasIsAMistake() throws {
    let has = "expected a column of 'rows' (id, kind, question, question_parsing, answer, puzzle"
    #expect(
      try mistakes("", rows: ", column: text") == [
        "\(has), text), found 'completion' (or 'reply'), which 'out' reads"
      ])
    #expect(
      try mistakes(", user: \"{{questoin}}\"") == [
        "\(has), reply), found 'questoin', which 'out' reads (did you mean 'question'?)"
      ])
    #expect(
      try mistakes(", messages: turns") == ["\(has), reply), found 'turns', which 'out' reads"])
  }

  @Test func validationRowsAreCheckedToo() throws {
    #expect(
      try mistakes(
        ", user: \"{{question}}\", assistant: \"{{reply}}\"", using: "using: { validation: read }, "
      ).count
        == 1)
  }
}
