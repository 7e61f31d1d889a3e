import Testing

@testable import RetortCore
@testable import RetortStages

struct DocumentCoverTests {
  private func bruteForce(facts: Int, documents: [[Int]]) -> Int? {
    (0..<(1 << documents.count)).filter { chosen in
      let stated = documents.indices.filter { chosen & (1 << $0) != 0 }.flatMap { documents[$0] }
      return Set(stated).count == facts
    }.map(\.nonzeroBitCount).min()
  }

  @Test func noCoverIsSmaller() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<300 {
      let facts = 1 + random.below(7)
      let documents = (0..<(1 + random.below(9))).map { _ in
        (0..<facts).filter { _ in random.below(3) == 0 }
      }
      let found = DocumentCover.least(facts: facts, documents: documents)
      #expect(found?.documents.count == bruteForce(facts: facts, documents: documents))
      guard let found else { continue }
      #expect(found.isExact)
      #expect(Set(found.documents.flatMap { documents[$0] }) == Set(0..<facts))
    }
  }

  @Test func asManyFactsAsAQuestionMayHave() {
    let single = DocumentCover.least(facts: 64, documents: (0..<64).map { [$0] })
    #expect(single?.documents == Array(0..<64))
    #expect(single?.isExact == true)
    #expect(DocumentCover.least(facts: 64, documents: [Array(0..<64), [3]])?.documents == [0])
    #expect(DocumentCover.least(facts: 2, documents: []) == nil)
  }

  /// A search that is cut short says so, and has what it found.
  @Test func whatTakesTooLongIsNoProof() {
    var random = SplitMix64(seed: 8)
    let documents = (0..<400).map { _ in (0..<60).filter { _ in random.below(12) == 0 } }
    let found = DocumentCover.least(facts: 60, documents: documents)
    #expect(found?.isExact == false)
    #expect(Set(found?.documents.flatMap { documents[$0] } ?? []) == Set(0..<60))
  }
}
