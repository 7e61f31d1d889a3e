import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ReadLogiQATests {
  private func block(_ letter: String, _ number: Int) -> String {
    "\n\(letter)\nContext \(number).\nQuery \(number)?\nA.One\nB.Two\nC. Three\nD.Four\n"
  }

  private func row(_ letter: String, _ number: Int, id: Int64) -> JSON {
    [
      "question": .string("Context \(number).\nQuery \(number)?\nA.One\nB.Two\nC. Three\nD.Four"),
      "answer": .string(letter), "context": .string("Context \(number)."),
      "query": .string("Query \(number)?"), "options": ["One", "Two", "Three", "Four"], "id": .int(id),
    ]
  }

  private func answers(_ text: String) async throws -> ReaderAnswers {
    try await withFile("questions.txt", text.utf8) { file in
      try await read(ReadLogiQA(.init(file: file), in: noModels))
    }
  }

  @Test(arguments: [
    // An option missing, a line too many, a blank inside, no letter, another option's letter, nothing but a letter.
    ("\nb\nContext.\nQuery?\nA.One\nB.Two\nC.Three\n", "expected 6 lines after the letter, found 5"),
    (
      "\nb\nContext.\nQuery?\nA.One\nB.Two\nC.Three\nD.Four\nE.Five\n",
      "expected a blank line after option D."
    ),
    ("\nb\nContext.\n\nQuery?\nA.One\nB.Two\nD.Four\n", "expected an option that begins with 'C.'"),
    ("\nx\nContext.\nQuery?\nA.One\nB.Two\nC.Three\nD.Four\n", "expected a right letter, a to d"),
    ("\nb\nContext.\nQuery?\nB.One\nA.Two\nC.Three\nD.Four\n", "expected an option that begins with 'A.'"),
    ("\nb\n", "expected 6 lines after the letter, found 0"),
  ])
  func aBrokenBlockDoesNotShiftTheNext(broken: String, problem: String) async throws {
    let answers = try await answers(block("a", 1) + broken + block("d", 2) + block("c", 3))
    #expect(answers.rows == [row("a", 1, id: 0), row("d", 2, id: 2), row("c", 3, id: 3)])
    #expect(answers.rejected.count == 1)
    #expect(answers.rejected.first?.hasPrefix("broken block: questions.txt, block at line 10: line ") == true)
    #expect(answers.rejected.first?.hasSuffix(problem) == true, "\(answers.rejected)")
  }

  @Test func bytesThatAreNotUTF8CostTheirBlockAlone() async throws {
    let bytes =
      Array(block("a", 1).utf8) + Array("\nb\nContext ".utf8) + [0xFF]
      + Array(
        ".\nQuery?\nA.One\nB.Two\nC.Three\nD.Four\n".utf8) + Array(block("c", 3).utf8)
    let answers = try await withFile("q.txt", bytes) { file in
      try await read(ReadLogiQA(.init(file: file), in: noModels))
    }
    #expect(answers.rows == [row("a", 1, id: 0), row("c", 3, id: 2)])
    #expect(
      answers.rejected == [
        "broken block: q.txt, block at line 10: line 11: expected UTF-8 text of at most \(LineReader.limit) bytes"
      ])
  }

  @Test func lineEndsAndMissingFirstBlankAreTolerated() async throws {
    let text = (String(block("a", 1).dropFirst()) + block("b", 2)).replacing("\n", with: "\r\n")
    #expect(try await answers(text) == ReaderAnswers(rows: [row("a", 1, id: 0), row("b", 2, id: 1)]))
  }

  @Test func marksThatTranslationMovedAreAccepted() async throws {
    let text = "\nb\nContext.\nQuery?\nA.One\nCity B.S grew\nC The third\nd.Four\n"
    let answers = try await answers(text)
    #expect(answers.rejected.isEmpty)
    #expect(answers.rows.map { $0["options"] } == [["One", "City B.S grew", "The third", "Four"]])
  }

  @Test func blocksThatAreAllBrokenAreCountedOnceEach() async throws {
    let answers = try await answers(
      "\nx\nC.\nQ?\nA.1\nB.2\nC.3\nD.4\n\ny\nC.\nQ?\nA.1\nB.2\nC.3\nD.4\n\na\nC.\n")
    #expect(answers.rows.isEmpty)
    #expect(answers.rejected.count == 3)
  }

  @Test(
    arguments: [
      ("A.", "B.", "C.", "D."), ("A．", "B．", "C．", "D．"), ("A、", "B、", "C、", "D、"), ("A:", "B:", "C:", "D:"),
      ("A：", "B：", "C：", "D："), ("A，", "B，", "C，", "D，"), ("A)", "B)", "C)", "D)"), ("A）", "B）", "C）", "D）"),
      ("(A)", "(B)", "(C)", "(D)"), ("（A）", "（B）", "（C）", "（D）"), ("[A]", "[B]", "[C]", "[D]"),
      ("【A】", "【B】", "【C】", "【D】"),
      ("( A ).", "( B ).", "( C ).", "( D )."), ("（Ａ）、", "（Ｂ）、", "（Ｃ）、", "（Ｄ）、"), ("Ａ．", "Ｂ．", "Ｃ．", "Ｄ．"),
      ("a.", "b.", "c.", "d."), ("ａ、", "ｂ、", "ｃ、", "ｄ、"), ("  A．\u{3000}", "\tB. ", "C .", "D) "),
    ] as [(String, String, String, String)])
  func optionsAreReadAsTheWorldMarksThem(_ a: String, _ b: String, _ c: String, _ d: String) async throws {
    let marks = c == "C ." ? [a, b, "C ", d] : [a, b, c, d]
    let lines = zip(marks, ["One", "Two", "Three", "Four"]).map { $0 + $1 + "  " }.joined(separator: "\n")
    for end in ["\n", "\r\n", "\r"] {
      let text = "\u{FEFF}\nb \nContext.\nQuery?\n\(lines)\n\n\nc\nContext.\nQuery?\n\(lines)\n"
      let answers = try await answers(text.replacing("\n", with: end))
      #expect(answers.rejected.isEmpty)
      #expect(answers.rows.map { $0["answer"] } == ["b", "c"])
      #expect(
        answers.rows.map { $0["options"] } == Array(repeating: ["One", "Two", "Three", "Four"], count: 2))
    }
  }

  @Test(arguments: [
    "b", "B", "ｂ", "Ｂ", "(B)", "（B）", "【Ｂ】", "B.", "B、", "B．", "答案：B", "答案:b", "答案 B", "答案是B", "正确答案：（B）",
    "参考答案：B.",
    "Answer: B", "answer is b", "Correct answer: (B)", " b\t",
  ])
  func answersAreReadAsTheWorldWritesThem(answer: String) async throws {
    let answers = try await answers(block(answer, 1) + block(answer, 2))
    #expect(answers == ReaderAnswers(rows: [row("b", 1, id: 0), row("b", 2, id: 1)]))
  }

  @Test(arguments: ["e", "ab", "B Two", "答案：E", "answers b", "A man"]) func noOtherLineIsAnAnswer(
    line: String
  )
    async throws
  {
    let answers = try await answers("\n\(line)\nContext.\nQuery?\nA.One\nB.Two\nC.Three\nD.Four\n")
    #expect(
      answers.rejected == [
        "broken block: questions.txt, block at line 2: line 2: expected a right letter, a to d"
      ])
  }
}
