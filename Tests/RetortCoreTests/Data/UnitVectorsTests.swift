import Testing

@testable import RetortCore

struct UnitVectorsTests {
  /// Pseudo-random vectors of 37 numbers: two lanes' worth and a rest.
  private func vectors(_ count: Int) -> [[Float]] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      (0..<37).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int64(state >> 40)) / 8_388_608 - 1
      }
    }
  }

  @Test func findsWhatSortingAllFinds() {
    let all = vectors(500)
    var pool = UnitVectors()
    for vector in all { pool.append(vector) }
    let query = UnitVectors.unit(all[7])
    let sorted = all.indices.map { (index: $0, similarity: pool.similarity($0, to: query)) }
      .filter { $0.similarity <= 0.9 }
      .sorted { ($1.similarity, $0.index) < ($0.similarity, $1.index) }
    for k in [1, 5, 100, 499, Int.max] {
      let found = pool.nearest(k, to: query) { $1 <= 0.9 }
      #expect(found.map(\.index) == sorted.prefix(k).map(\.index))
      #expect(found.map(\.similarity) == sorted.prefix(k).map(\.similarity))
    }
  }

  @Test func equalsStayInTheirOrder() {
    var pool = UnitVectors()
    for _ in 0..<300 { pool.append([3, 4]) }
    #expect(pool.nearest(2, to: [0.6, 0.8]) { _, _ in true }.map(\.index) == [0, 1])
  }
}
