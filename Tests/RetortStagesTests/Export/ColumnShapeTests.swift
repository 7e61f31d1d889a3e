import OrderedCollections
import RetortCore
import Testing

@testable import RetortStages

struct ColumnShapeTests {
  @Test func anIntegerBesideANumberBecomesANumber() throws {
    let shape = try ColumnShape(of: 1).joined(ColumnShape(of: 0.25))
    #expect(shape == .double)
    #expect(shape.fit(1).text == "1.0")
  }

  @Test func objectsTakeTheKeysOfBoth() throws {
    let shape = try ColumnShape(of: ["a": 1]).joined(ColumnShape(of: ["b": ["x"], "a": nil]))
    #expect(shape == .object(["a": .int, "b": .list(.string)]))
    #expect(shape.fit(["b": ["x"]]).text == #"{"a":null,"b":["x"]}"#)
  }

  @Test func emptyListsTakeTheTypeOfOthers() throws {
    #expect(try ColumnShape(of: []).joined(ColumnShape(of: ["x"])) == .list(.string))
  }

  @Test func typesWithoutACommonOneConflictWithAPlace() throws {
    #expect(throws: ColumnShape.Conflict(path: ".a[]", left: "string", right: "int")) {
      try ColumnShape(of: ["a": ["x"]]).joined(ColumnShape(of: ["a": [1]]))
    }
  }
}
