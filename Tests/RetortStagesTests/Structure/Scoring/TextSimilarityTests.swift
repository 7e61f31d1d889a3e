import Foundation
import RetortCore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortStages

/// A helper by the protocol, that scores each pair with one number.
private func helper(_ score: String = "0.4429", of pairs: Int = 1) -> [String] {
  let scores = Array(repeating: score, count: pairs).joined(separator: ", ")
  return [
    "/bin/sh", "-c",
    """
    echo '{"ready": true}'
    while read -r line; do
      id=$(echo "$line" | sed 's/.*"id":\\([0-9]*\\).*/\\1/')
      echo "{\\"id\\": $id, \\"scores\\": [\(scores)]}"
    done
    """,
  ]
}

private let root = URL(filePath: "/")

@Suite struct TextSimilarityTests {
  @Test(arguments: [
    (0.4429, 0.2744, 0.348614055942), (0.3002, 0.0874, 0.161979875293), (0.6215, 0.5471, 0.583114611376),
    (0.5291, 0.4796, 0.503742354781),
  ])
  func theRootOfTheProduct(meteor: Double, entailment: Double, similarity: Double) async throws {
    let found = StructureSimilarity(
      meteor: Meteor(helper("\(meteor)"), folder: root),
      judge: ScriptedEntailment { _, _ in
        EntailmentScore(entailment: entailment, neutral: 1 - entailment, contradiction: 0)
      })
    #expect(found.name == "meteor x entailment")
    let likenesses = try await found.similarities(of: "A", to: ["B"], above: 0.1)
    #expect(likenesses.count == 1)
    #expect(abs(likenesses[0] - similarity) < 1e-9 * similarity)
  }

  @Test func whatStandsInIsNamed() {
    let judge = ScriptedEntailment { _, _ in EntailmentScore(entailment: 1, neutral: 0, contradiction: 0) }
    #expect(StructureSimilarity().name == "lexical")
    #expect(StructureSimilarity(judge: judge).name == "lexical x entailment")
    #expect(StructureSimilarity(meteor: Meteor(["x"], folder: root)).name == "meteor x lexical")
  }

  /// In lower case, the prediction as premise; and only where the words leave room for a match.
  @Test func whatIsAsked() async throws {
    let asked = Mutex<Set<[String]>>([])
    let similarity = StructureSimilarity(
      judge: ScriptedEntailment { premise, hypothesis in
        asked.withLock { _ = $0.insert([premise, hypothesis]) }
        return EntailmentScore(entailment: 0.81, neutral: 0.19, contradiction: 0)
      })
    #expect(
      try await similarity.similarities(
        of: "G goes to the US", to: ["G Goes to the US", "nothing of it", "G goes to the UK"], above: 0.9)
        == [0.9, 0, 0])
    #expect(asked.withLock { $0 } == [["g goes to the us", "g goes to the us"]])
  }
}

@Suite struct LexicalSimilarityTests {
  @Test(
    arguments: [
      ("G goes to the US", "g  goes to the US.", 1.0), ("a b c d", "a c", 2.0 / 3), ("a b", "b a", 0.5),
      ("a", "b", 0), ("", "", 1), ("", "a", 0), ("?", "?", 1), ("?", "!", 0), ("größe", "GRÖSSE", 0),
      ("Größe", "größe", 1), ("他去美国", "他去英国", 0.75), ("x < 5", "x > 5", 2.0 / 3),
    ] as [(String, String, Double)])
  func scores(one: String, other: String, score: Double) {
    let lexical = LexicalSimilarity()
    #expect(lexical.scores(of: one, to: [other]) == [score])
    #expect(lexical.scores(of: other, to: [one]) == [score])
  }

  @Test func longTextsAreBounded() {
    let long = String(repeating: "word ", count: 200_000)
    #expect(LexicalSimilarity().scores(of: long, to: ["a word", long + "more"]) == [2.0 / 4098, 1])
  }
}

@Suite struct MeteorTests {
  @Test func manyPairsGoInBatches() async throws {
    let meteor = Meteor(helper(of: 100), folder: root)
    #expect(
      try await meteor.scores(of: "a", to: Array(repeating: "b", count: 100))
        == Array(repeating: 0.4429, count: 100))
    // 200 pairs are 128 and 72, which this helper does not answer so.
    await #expect(throws: StageError.self) {
      try await meteor.scores(of: "a", to: Array(repeating: "b", count: 200))
    }
    #expect(try await meteor.scores(of: "a", to: []) == [])
  }

  /// The first helper ends without an answer; the one after it answers.
  @Test func aHelperThatDiesIsStartedAnew() async throws {
    let folder = try Bench.folder()
    let script = """
      echo '{"ready": true}'
      read -r line
      if mkdir \(folder.path)/seen 2>/dev/null; then exit 1; fi
      echo '{"id": 2, "scores": [0.5]}'
      """
    let meteor = Meteor(["/bin/sh", "-c", script], folder: folder)
    #expect(try await meteor.scores(of: "a", to: ["b"]) == [0.5])
    // Gone again, and its next one tells of another request.
    await #expect(throws: StageError.self) { try await meteor.scores(of: "a", to: ["b"]) }
  }

  @Test(arguments: ["0.5, 0.5", "-1", "\"a\"", ""]) func nonsenseIsNoScore(_ scores: String) async throws {
    await #expect(throws: StageError.self) {
      try await Meteor(helper(scores), folder: root).scores(of: "a", to: ["b"])
    }
  }

  @Test func aMissingHelperParksTheRun() async throws {
    for command in [["/nowhere/score-meteor"], ["/bin/sh", "-c", #"echo '{"error": "no WordNet"}'"#]] {
      let halt = await #expect(throws: Halt.self) {
        try await Meteor(command, folder: root).scores(of: "a", to: ["b"])
      }
      #expect(halt?.reason == .parked)
      #expect(halt?.message.contains("tools/score-meteor") == true)
    }
  }
}
