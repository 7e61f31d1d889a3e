import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

private let model = ModelRef(ModelSpec(alias: "policy", name: "policy"))

@Suite struct VerifyAnswerTests {
  private static let nothing: JSON? = nil

  /// `true`, `false`, `null`, or the reason of the drop.
  private func verdict(
    _ verifier: Verifier, _ answer: JSON, _ reference: JSON?, tolerance: Double? = nil
  ) async throws -> String {
    let stage = try VerifyAnswer(.init(verifier: verifier, tolerance: tolerance), in: Bench.nowhere)
    var row = Columns(["answer": answer])
    row["reference"] = reference
    switch try await stage.process(row) {
    case .emit(let outputs):
      #expect(outputs.map(\.reward) == outputs.map { $0.correct.map { $0 ? 1 : 0 } })
      return outputs.map { $0.correct.map(String.init) ?? "null" }.joined()
    case .samples: return "samples"
    case .drop(let reason, _): return reason
    }
  }

  @Test(arguments: [
    ("B", "b", "true"), ("The answer is (C).", "C", "true"), ("(b) because", "c", "false"),
    ("none of them", "a", "null"), ("The answer is B or C", "b", "null"),
    ("<think>The answer is B", "b", "null"), ("The answer is not A but B.", "b", "true"),
    ("a", "first", "no reference"), ("a", "", "no reference"),
  ])
  func choice(answer: String, reference: String, expected: String) async throws {
    #expect(try await verdict(.choice, .string(answer), .string(reference)) == expected)
  }

  @Test(arguments: [
    ("42", "42.0", "true"), ("so 1,234.5", "1234.5", "true"), ("1/3", "0.3333333", "true"),
    ("50%", "0.5", "true"), ("-3", "3", "false"), ("10-5", "5", "null"), ("many", "3", "null"),
    ("1/0", "3", "null"), ("5:2", "5:2", "true"), ("3:2", "5:2", "null"), ("1000001", "1000000", "false"),
    ("The answer is 42 because 6 * 7 = 40", "42", "true"), ("3\\sqrt{2}", "5\\sqrt{2}", "null"),
    ("3", "three", "no reference"), ("1e3", "1000", "true"),
  ])
  func number(answer: String, reference: String, expected: String) async throws {
    #expect(try await verdict(.number, .string(answer), .string(reference)) == expected)
  }

  @Test func numberWithinATolerance() async throws {
    #expect(try await verdict(.number, 3.14, 3.14159, tolerance: 0.01) == "true")
    #expect(try await verdict(.number, 3.2, 3.14159, tolerance: 0.01) == "false")
    #expect(try await verdict(.number, 0.005, 0, tolerance: 0.01) == "true")
  }

  @Test func exactAndJSON() async throws {
    #expect(try await verdict(.exact, " The  Cat", "the cat") == "true")
    #expect(try await verdict(.exact, "the cats", "the cat") == "false")
    let reply: JSON = "Here: {\"b\": [1, 2.0], \"a\": 1.0}"
    #expect(try await verdict(.json, reply, ["a": 1, "b": [1, 2]]) == "true")
    #expect(try await verdict(.json, reply, "{\"a\": 2}") == "false")
    #expect(try await verdict(.json, "no", [:]) == "null")
    #expect(try await verdict(.exact, "<think>the cat", "the cat") == "null")
    #expect(try await verdict(.json, reply, "{") == "no reference")
    #expect(try await verdict(.json, reply, Self.nothing) == "no reference")
  }

  @Test func lettersGoAsFarAsTheOptions() async throws {
    let stage = try VerifyAnswer(.init(verifier: .choice), in: Bench.nowhere)
    let ten: JSON = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    let rows: [(JSON.Object, Bool?)] = [
      (["answer": "Answer: J", "reference": "J"], true), (["answer": "Answer: J", "reference": "A"], nil),
      (["answer": "Answer: J", "reference": "A", "options": ten], false),
      (["answer": "Answer: F", "reference": "A", "question": "Which? A. one B. two"], nil),
    ]
    for (row, expected) in rows {
      #expect(
        try await stage.process(Columns(row))
          == .emit([.init(correct: expected, reward: expected.map { $0 ? 1 : 0 })]))
    }
  }

  @Test func anUnreadableAnswerIsNull() throws {
    let output = VerifyAnswer.Output(correct: nil, reward: nil)
    #expect(try JSON(encoding: output) == ["correct": nil, "reward": nil])
  }

  /// A helper by the protocol: what begins with `=` is the same, with `!` another, the rest unreadable.
  private static let helper = [
    "/bin/sh", "-c",
    """
    echo '{"ready": true}'
    while read -r line; do
      id=$(echo "$line" | sed 's/.*"id":\\([0-9]*\\).*/\\1/')
      case "$line" in *'"answer":"='*) verdict=true;; *'"answer":"!'*) verdict=false;; *) verdict=null;; esac
      echo "{\\"id\\": $id, \\"verdict\\": $verdict}"
    done
    """,
  ]

  @Test func expressionsAreTheHelpers() async throws {
    let stage = try VerifyAnswer(
      .init(verifier: .math, command: Self.helper),
      in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider()))
    let answers: [(JSON, Bool?)] = [("=x", true), ("!x", false), ("prose", nil), ("", nil), ("X + 1", true)]
    for (answer, expected) in answers {
      #expect(
        try await stage.process(Columns(["answer": answer, "reference": "x + 1"]))
          == .emit([.init(correct: expected, reward: expected.map { $0 ? 1 : 0 })]))
    }
  }

  @Test func aMissingHelperParksTheRun() async throws {
    for command in [["/nowhere/verify-math"], ["/bin/sh", "-c", #"echo '{"error": "no network"}'"#]] {
      let stage = try VerifyAnswer(.init(verifier: .math, command: command), in: Bench.nowhere)
      let halt = await #expect(throws: Halt.self) {
        try await stage.process(Columns(["answer": "a", "reference": "b"]))
      }
      #expect(halt?.reason == .parked)
    }
    #expect(throws: StageError.self) {
      try VerifyAnswer(.init(verifier: .exact, command: ["x"]), in: Bench.nowhere)
    }
  }

  @Test func decimalCommas() async throws {
    let stage = try VerifyAnswer(.init(verifier: .number, decimal: .comma), in: Bench.nowhere)
    #expect(
      try await stage.process(Columns(["answer": "Die Antwort ist 1.234,5", "reference": "1234,5"]))
        == .emit([.init(correct: true, reward: 1)]))
    #expect(throws: StageError.self) {
      try VerifyAnswer(.init(verifier: .exact, decimal: .comma), in: Bench.nowhere)
    }
  }

  @Test func puzzlesAreSolved() async throws {
    let puzzles = try GeneratePuzzles(.init(seed: 3, count: 8), in: Bench.nowhere)
    let stage = try VerifyAnswer(.init(verifier: .puzzle, answer: "given"), in: Bench.nowhere)
    for answer in try await Bench.answers(of: puzzles) {
      guard case .make(var row, _) = answer else { continue }
      let right = row["answer"]?.string?.uppercased() ?? ""
      for letter in ["A", "B", "C", "D"] {
        row["given"] = .string("The answer is \(letter).")
        guard case .emit(let outputs) = try await stage.process(Columns(row)) else {
          Issue.record("dropped")
          return
        }
        #expect(outputs.map(\.correct) == [letter == right])
      }
    }
    #expect(
      try await Bench.fates(of: stage, for: [["given": "A", "puzzle": ["kind": "ordering"]]]) == ["no puzzle"]
    )
  }

  /// All of it is right, or it is wrong; what leaves somebody out cannot be read.
  @Test func openPuzzlesAreSolved() async throws {
    let puzzles = try GeneratePuzzles(.init(seed: 3, count: 8, options: false), in: Bench.nowhere)
    let stage = try VerifyAnswer(.init(verifier: .puzzle, answer: "given"), in: Bench.nowhere)
    for answer in try await Bench.answers(of: puzzles) {
      guard case .make(var row, _) = answer, let right = row["answer"]?.string else { continue }
      let lines = right.split(separator: "\n")
      let name = lines[0].prefix { $0 != ":" }
      for (given, expected) in [
        (right, true), ("Let us see.\n" + lines.map { "- **\($0)**." }.joined(separator: "\n"), true),
        (
          right + "\n\(lines[1].prefix { $0 != ":" }):\(lines[0].drop { $0 != ":" }.dropFirst())",
          lines[0].drop { $0 != ":" } == lines[1].drop { $0 != ":" }
        ),
        (lines.dropLast().joined(separator: "\n"), nil),
        ("\(name): nothing\n" + lines.dropFirst().joined(separator: "\n"), nil),
      ] as [(String, Bool?)] {
        row["given"] = .string(given)
        guard case .emit(let outputs) = try await stage.process(Columns(row)) else {
          Issue.record("dropped")
          return
        }
        #expect(outputs.map(\.correct) == [expected], "\(given)")
      }
    }
  }

  @Test func aJudgeGivesItsProbability() async throws {
    let workspace = Workspace(
      folder: URL(filePath: "/"),
      models: ScriptedProvider(reward: { conversation in
        #expect(conversation == [.user("q"), .assistant("c")])
        return RewardScore(logit: 1, probability: 0.75, scale: "raw")
      }))
    let stage = try VerifyAnswer(.init(verifier: .judge, model: model), in: workspace)
    guard case .emit(let outputs) = try await stage.process(Columns(["question": "q", "completion": "c"]))
    else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(correct: true, reward: 0.75)])
    #expect(throws: StageError.self) { try VerifyAnswer(.init(verifier: .judge), in: workspace) }
    #expect(throws: StageError.self) {
      try VerifyAnswer(.init(verifier: .exact, model: model), in: workspace)
    }
  }

  /// A closed list of words: "incorrect" holds "correct", and says the opposite.
  @Test(arguments: [
    ("correct", "true"), (" Correct.\n", "true"), ("incorrect", "false"), ("Wrong", "false"),
    ("not correct", "null"), ("correct, since it is in [1]", "null"), ("correct wrong", "null"),
    ("<think>It is wrong?</think>correct", "true"), ("<think>correct", "null"), ("", "null"),
    ("correctly", "null"),
  ])
  func verdict(answer: String, expected: String) async throws {
    #expect(try await verdict(.verdict, .string(answer), Self.nothing) == expected)
  }

  @Test func theWordsOfAVerdict() async throws {
    let stage = try VerifyAnswer(
      .init(verifier: .verdict, right: ["conclusion: correct"], wrong: ["conclusion: wrong"]),
      in: Bench.nowhere)
    let said = { (text: String) in try await stage.process(Columns(["answer": .string(text)])) }
    #expect(try await said("Conclusion: correct") == .emit([.init(correct: true, reward: 1)]))
    #expect(try await said("correct") == .emit([.init(correct: nil, reward: nil)]))
    for (config, words) in [
      (VerifyAnswer.Config(verifier: .verdict, right: []), "right: expected at least one word, found none"),
      (.init(verifier: .verdict, wrong: [" "]), "wrong: expected words, found ' '"),
      (
        .init(verifier: .verdict, wrong: ["Correct."]),
        "wrong: expected words that say one thing, found 'Correct.' under right: and wrong:"
      ),
      (.init(verifier: .exact, wrong: ["no"]), "wrong: expected verifier: verdict with it, found exact"),
    ] {
      #expect(throws: StageError(words)) { try VerifyAnswer(config, in: Bench.nowhere) }
    }
  }
}
