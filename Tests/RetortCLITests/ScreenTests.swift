import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortCLI

/// What is printed on a terminal of 80 columns.
@Suite struct ScreenTests {
  private func type(_ line: String, on desk: Desk) async -> String {
    let paper = Paper()
    var shell = desk.shell(on: paper)
    shell.terminal.screen = 80
    _ = await RetortCommand.perform(line.split(separator: " ").map(String.init), in: shell)
    return desk.plain(paper.printed)
  }

  /// Wide letters, orders to the terminal, long words and long names everywhere.
  private func desk() async throws -> Desk {
    let long = "a_rather_long_name_of_a_stage_that_nobody_would_want_to_type_twice"
    let texts = ["日本語の文章。", "a\u{301}\u{302}", "👩‍👩‍👧‍👦🇩🇪", "tab\there", "\u{1B}[2J\u{202E}", "word "]
    let pipeline = (Desk.project["p.yaml"] ?? "").replacing(
      "name: gpt,", with: "name: \(long)-2026-01-01-preview,"
    )
    .replacing("numbers", with: long)
    let questions = (texts + ["refused"]).map {
      JSON.object(["question": .string(String(repeating: $0, count: 60))]).text + "\n"
    }
    let desk = try Desk(["\(long).yaml": pipeline, "questions.jsonl": questions.joined() + "{\"ques\n"]) {
      prompt in
      prompt.hasPrefix("refused")
        ? .json(
          JSON.object(["error": ["message": .string(texts.joined() + String(repeating: "no ", count: 60))]])
            .text, status: 400)
        : Desk.reply(prompt + prompt)
    }
    _ = try await desk.type("run \(long).yaml")
    return desk
  }

  @Test func everyLineFits() async throws {
    let desk = try await desk()
    let long = "a_rather_long_name_of_a_stage_that_nobody_would_want_to_type_twice"
    for line in [
      "runs", "stages", "stages synthesize-rationale", "failures", "show questions --limit 9",
      "show answers --limit 9", "show --dropped --limit 99",
      "show --failed", "show \(long)", "show questions:1", "show c_1", "show c_3", "trace questions:0",
      "trace questions:6", "why questions:0 \(long)",
      "why questions:6 answers",
    ] {
      let printed = await type(line, on: desk)
      #expect(!printed.isEmpty || line.hasPrefix("show \(long)"), "\(line)")
      let wide = printed.split(separator: "\n").filter { DisplayWidth.of($0) > 80 }
      #expect(wide.isEmpty, "\(line): \(wide)")
      #expect(!printed.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E }, "\(line)")
    }
  }

  @Test func longValuesAreFoldedAndFullOnesAreNot() async throws {
    let text = (1...40).map { "sentence number \($0) of them" }.joined(separator: ", ")
    let desk = try Desk(["questions.jsonl": JSON.object(["question": .string(text)]).text + "\n"])
    _ = try await desk.type("run p.yaml --only questions")
    let id = try await desk.type("show questions").printed.prefix(14)
    #expect(
      await type("show questions", on: desk) == """
        \(id)  questions:0
          question: sentence number 1 of them, sentence number 2 of them, sentence
            number 3 of them, sentence number 4 of them, sentence number 5 of them,
            sentence number 6 of them, sentence number 7 of them, sentence number 8 of
            them, sentence number 9 of them, sentence number 10 of them, sentence number
            11 of them, sentence number 12 of them, sentence number 13 of them, sentence
            number 14 of them, sentence number 15 of them, sentence number 16 of them,
            … 670 characters more: --full

        """)
    let whole = "\(id)  questions:0\n  question: \(text)\n"
    #expect(await type("show questions --full", on: desk) == whole)
    #expect(try await desk.type("show questions").printed == whole)
  }
}
