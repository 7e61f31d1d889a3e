import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct CheckRetrievableTests {
  private static let result =
    "[7] Oslo\nhttps://a.example\nOslo has 900 inhabitants.\n\n[2] News\nOf Ada Lowe little is known.\n\n"
    + "[3] People\nADA LOW, who\n\ncame from Oslo"

  private func checked(_ answer: JSON, _ result: JSON = .string(result), aliases: [JSON] = []) async throws
    -> Outcome<CheckRetrievable.Output>
  {
    let stage = try CheckRetrievable(.init(), in: SearchTaskFixture.workspace(["aliases": aliases]))
    return try await stage.process(Columns(["answer": answer, "result": result]))
  }

  @Test func theFirstHitWithTheAnswerIsTheEvidence() async throws {
    #expect(
      try await checked("Ada Low")
        == .emit([
          .init(
            retrievable: true, retrievedRank: 3, retrievedIn: "[3] People\nADA LOW, who\n\ncame from Oslo")
        ]))
    #expect(
      try await checked("Bo Tarn", aliases: [["name": "Bo Tarn", "alias": "ada lowe"]])
        == .emit([
          .init(retrievable: true, retrievedRank: 2, retrievedIn: "[2] News\nOf Ada Lowe little is known.")
        ]))
  }

  /// Words match whole, so that a longer name is no answer.
  @Test func whatIsNotFoundHasNoRank() async throws {
    let none = Outcome.emit([
      CheckRetrievable.Output(retrievable: false, retrievedRank: nil, retrievedIn: nil)
    ])
    #expect(try await checked("Ada Lo") == none)
    #expect(try await checked("Ada Low", "No document matches. Try other words.") == none)
    #expect(try await checked("Ada Low", "") == none)
  }

  @Test func aRowWithoutAnAnswerIsNoRejection() async throws {
    #expect(
      try await checked(nil)
        == .drop(
          reason: "nothing to look in",
          detail: "expected texts in 'result' and 'answer', found a string and null"))
  }
}
