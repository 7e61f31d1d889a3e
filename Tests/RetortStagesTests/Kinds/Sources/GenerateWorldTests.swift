import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct GenerateWorldTests {
  private func rows(_ documents: Int, seed: Int64 = 1) async throws -> [JSON] {
    try await read(GenerateWorld(.init(seed: seed, documents: documents), in: Bench.nowhere)).rows
  }

  @Test func aLargerWorldBeginsWithTheSmaller() async throws {
    let few = try await rows(30)
    #expect(few.count == 30)
    #expect(try await Array(rows(700).prefix(30)) == few)
    #expect(try await rows(30, seed: 2) != few)
  }

  @Test func everyFactStandsInItsDocument() async throws {
    for row in try await rows(900) {
      for fact in row["facts"]?.array ?? [] {
        let span = fact["span"]?.string ?? ""
        #expect(!span.isEmpty && row["text"]?.string?.contains(span) == true)
        #expect(span.contains(fact["object"]?.string ?? fact["object"]?.text ?? "-"))
      }
    }
  }

  /// Every fact of the world is stated, those that are not are marked, and no two things share a name.
  @Test func theTrueGraphIsKnown() async throws {
    let world = World(seed: 1)
    let library = WorldDocuments(world: world)
    var names: [String] = []
    for number in 0..<60 {
      let community = world.community(number)
      names += community.entities.map(\.name)
      let said = library.documents(of: community).flatMap(\.statements)
      #expect(Set(said.filter { !$0.isWrong }.map(\.fact)) == Set(community.facts))
      #expect(Set(said.filter { $0.isWrong }.map(\.fact)).isDisjoint(with: community.facts))
      #expect(said.count { $0.isWrong } == 1)
    }
    #expect(Set(names).count == names.count)
  }

  @Test func namesLastAsLongAsCommunitiesDo() {
    let names = WorldNames(seed: 7)
    #expect(Set((0..<WorldNames.most).map { names.person($0) }).count == WorldNames.most)
    #expect(Set((0..<WorldNames.most).map { names.place($0) }).count == WorldNames.most)
    let least = World.mostCommunities * 15
    #expect(GenerateWorld.mostDocuments <= least * 3 / 2)
  }

  @Test func keysAreChecked() {
    for documents in [-1, GenerateWorld.mostDocuments + 1] {
      #expect(throws: StageError.self) {
        try GenerateWorld(.init(seed: 1, documents: documents), in: Bench.nowhere)
      }
    }
  }
}
