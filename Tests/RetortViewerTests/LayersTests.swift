import Testing

@testable import RetortViewer

@Suite struct LayersTests {
  private let edges: [Layers.Edge] = [
    .init(from: "a", to: "b", isUsing: false), .init(from: "a", to: "c", isUsing: false),
    .init(from: "b", to: "d", isUsing: false), .init(from: "c", to: "d", isUsing: false),
    .init(from: "a", to: "d", isUsing: true),
  ]

  @Test func aStageLiesBelowAllThatItReads() {
    let layers = Layers(["a", "b", "c", "d"], edges, box: 100, gap: 10)
    #expect(layers.count == 3)
    #expect(["a", "b", "c", "d"].map { layers.spots[$0]?.layer } == [0, 1, 1, 2])
    #expect(layers.lines.map(\.spots.count) == [2, 2, 2, 2, 3])
  }

  @Test func aStageMayComeBeforeWhatItReads() {
    let layers = Layers(["d", "c", "a", "b"], edges, box: 100, gap: 10)
    #expect(["a", "b", "c", "d"].map { layers.spots[$0]?.layer } == [0, 1, 1, 2])
    #expect(layers.lines.count == 5)
  }

  @Test func boxesOfALayerDoNotTouch() throws {
    let names = (0..<9).map { "s\($0)" }
    let edges = (1..<9).map { Layers.Edge(from: "s0", to: "s\($0)", isUsing: false) }
    let layers = Layers(names, edges, box: 100, gap: 10)
    let places = names.dropFirst().compactMap { layers.spots[$0]?.x }.sorted()
    #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 > 109.9 })
    #expect(places.first == 50 && layers.width == 8 * 110 - 10)
  }

  @Test func noStagesMakeNoPicture() {
    #expect(Layers([], [], box: 100, gap: 10).count == 0)
  }
}
