import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct MeaningIndexTests {
  @Test func aDocumentIsKnownByItsPlaceInTheCorpus() async throws {
    let rows: [JSON.Object] = [
      ["title": "A", "text": "north"], ["text": "  "], ["title": .null, "text": "east"],
      ["text": .string("north" + String(repeating: " ", count: 3000) + "é")],
    ]
    let model = ScriptedEmbedding { texts in
      #expect(texts == ["A\nnorth", "east", "north"])
      return texts.map { $0.contains("north") ? [0, 2] : [1, 0] }
    }
    let index = try await MeaningIndex(of: RowSet(rows.map { Row($0) }), by: model)
    #expect(try index.nearest(5, to: [0, 1]) == [1, 4])
    #expect(try index.nearest(1, to: [3, 1]) == [3])
    #expect(throws: StageError.self) { try index.nearest(1, to: [1, 2, 3]) }
  }

  @Test func vectorsOfOneCorpusHaveOneLength() async throws {
    let model = ScriptedEmbedding { texts in
      texts.enumerated().map { Array(repeating: 1, count: $0.offset + 1) }
    }
    await #expect(throws: StageError.self) {
      try await MeaningIndex(of: RowSet([Row(["text": "a"]), Row(["text": "b"])]), by: model)
    }
  }

  @Test func whatIsEmbeddedIsWholeCharacters() {
    #expect(MeaningIndex.shortened(String(repeating: "é", count: 1001)).utf8.count == 2000)
    #expect(MeaningIndex.shortened(String(repeating: "👩‍👩‍👧", count: 200)).unicodeScalars.count % 5 == 0)
  }

  @Test func whatTwoListsHaveComesFirst() {
    #expect(ReciprocalRanks.merge([[1, 2, 3], [3, 4]]) == [3, 1, 2, 4])
    #expect(ReciprocalRanks.merge([[2], [1]]) == [1, 2])
    #expect(ReciprocalRanks.merge([[], []]) == [])
  }
}
