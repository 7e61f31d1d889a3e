import Testing

@testable import RetortCore

private enum Role: String, Codable, CaseIterable { case low, high }
private enum Odd: Codable, HasPlaceholder {
  case number(Int)
  static var placeholder: Odd { .number(1) }
}

private struct Tree: Codable {
  var children: [Tree]
  var parent: [String: Tree]?
}

private struct View: Codable {
  struct Nested: Codable {
    var role: Role
    var weight: Float?
  }
  var question: String
  var score: Double
  var count: Int?
  var role: Role
  var maybe: Role?
  var nested: Nested
  var all: [Nested]
  var raw: JSON
  var odd: Odd
  var tree: Tree
  var last: Bool

  enum CodingKeys: String, CodingKey {
    case question, score, count, role, maybe, nested, all, raw, odd, tree
    case last = "the_last"
  }
}

private struct ByHand: Decodable {
  var a: Int
  var b: String
  enum CodingKeys: String, CodingKey { case a, b }
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    a = try container.decodeIfPresent(Int.self, forKey: .a) ?? 3
    b = container.contains(.b) ? try container.decode(String.self, forKey: .b) : ""
  }
}

private struct OnlyEncoded: Encodable { var a = 1 }

@Suite struct ShapeProbeTests {
  @Test func propertiesInOrder() {
    #expect(
      ColumnUse.properties(of: View.self) == [
        .init("question"), .init("score"), .init("count", required: false), .init("role"),
        .init("maybe", required: false), .init("nested"), .init("all"), .init("raw"), .init("odd"),
        .init("tree"),
        .init("the_last"),
      ])
  }

  @Test func typesThatAskByHand() {
    #expect(
      ColumnUse.properties(of: ByHand.self) == [.init("a", required: false), .init("b", required: false)])
  }

  @Test func typesWithoutFixedColumns() {
    #expect(ColumnUse.properties(of: Columns.self) == [])
    #expect(ColumnUse.properties(of: NoColumns.self) == [])
    #expect(ColumnUse.properties(of: OnlyEncoded.self) == [])
    #expect(ColumnUse.properties(of: JSON.self) == [])
    #expect(ColumnUse.properties(of: String.self) == [])
  }
}
