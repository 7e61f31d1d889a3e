import Foundation
import RetortCore
import Testing

@testable import RetortStages

/// Answers as models write them, with what they state; the reward functions in Python are held to the same file.
@Suite struct StatedAnswerTests {
  private struct Forms: Decodable {
    struct Letter: Decodable {
      let text: String
      let options: Int
      let answer: String?
    }
    struct Number: Decodable {
      let text: String
      let value: String?
      let decimal: DecimalMark?
    }
    let letters: [Letter]
    let numbers: [Number]
  }

  private static func forms() throws -> Forms {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../answer-forms.json")
    return try JSONDecoder().decode(Forms.self, from: Data(contentsOf: file))
  }

  @Test func letters() throws {
    for form in try Self.forms().letters {
      #expect(StatedAnswer.letter(in: form.text, options: form.options) == form.answer, "\(form.text)")
    }
  }

  @Test func numbers() throws {
    for form in try Self.forms().numbers {
      let found = StatedAnswer.number(in: form.text, decimal: form.decimal ?? .point)?.value
      #expect(found == form.value.flatMap(Double.init), "\(form.text)")
    }
  }

  @Test(arguments: [
    ("b", "B"), (" (B) ", "B"), ("B. All birds", "B"), ("Ｂ", "B"), ("**B**", "B"), ("B、所有", nil),
    ("A, B", nil),
    ("first", nil), ("", nil), ("B12", nil), ("J", "J"),
  ])
  func knownOptions(answer: String, letter: String?) {
    #expect(StatedAnswer.option(answer) == letter)
  }

  @Test(arguments: [
    ("Which? A. one B. two C. three", 3), ("Which?\nA、甲\nB、乙\nC、丙\nD、丁\nE、戊", 5), ("(A) x (B) y", 2),
    ("A. x\nC. y\nB. z", 3), ("A goes to B", nil), ("A．甲\nB．乙", 2), ("", nil),
  ])
  func optionsInAQuestion(question: String, count: Int?) {
    #expect(StatedAnswer.options(in: question) == count)
  }

  @Test(arguments: [
    ("12 km", "12 km", true), ("12 km", "12", true), ("12 km", "12 miles", nil), ("5%", "5", nil),
    ("5%", "0.05", true),
    ("1000000", "1000001", false), ("100000000000000000001", "100000000000000000002", false),
    ("1/3", "0.3333333", true),
    ("15 cm^2", "21 cm^2", false), ("-7", "7", false), ("$5", "5", true),
  ])
  func quantitiesAgree(one: String, other: String, agree: Bool?) throws {
    let known = try #require(StatedAnswer.number(in: other))
    #expect(try #require(StatedAnswer.number(in: one)).agrees(with: known) == agree)
  }

  @Test(arguments: [
    "<answer>", "the answer is ", "\\boxed{", "<think>", "(B) or ", "[", "选", "A. x\n", "5 ", "= ",
    "answer is 5 ",
  ])
  func timeIsLinear(piece: String) {
    let text = String(repeating: piece, count: (1 << 16) / piece.utf8.count)
    let time = ContinuousClock().measure {
      _ = StatedAnswer.letter(in: text)
      _ = StatedAnswer.number(in: text)
    }
    #expect(time < .seconds(20))
  }
}
