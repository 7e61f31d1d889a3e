import OrderedCollections
import Testing

@testable import RetortCore

private struct Inner: Codable, Hashable {
  enum Kind: String, Codable, CaseIterable { case plain, fancy }
  var kind: Kind
  var scores: [Double]
}

private struct Everything: Codable, Hashable {
  var zulu: String
  var alpha: Int
  var ratio: Double
  var small: UInt8
  var flag: Bool
  var absent: Int?
  var none: Inner?
  var present: Float?
  var inner: Inner
  var list: [Inner?]
  var table: [String: Int]
  var raw: JSON
  var columns: Columns

  enum CodingKeys: String, CodingKey {
    case zulu, alpha, ratio, small, flag, absent, none, present, inner, list, table, raw
    case columns = "more_columns"
  }
}

@Suite struct JSONCodingTests {
  private let value = Everything(
    zulu: "z", alpha: 1, ratio: 2, small: 255, flag: true, absent: nil, none: nil, present: 0.5,
    inner: Inner(kind: .fancy, scores: [1, 0.25]), list: [nil, Inner(kind: .plain, scores: [])],
    table: ["c": 3, "a": 1, "b": 2], raw: ["k": [1, 1.0, nil]], columns: Columns(["q": "?", "a": 1]))

  @Test func declaredOrderAndNulls() throws {
    let expected: JSON = [
      "zulu": "z", "alpha": 1, "ratio": 2.0, "small": 255, "flag": true, "absent": nil, "none": nil,
      "present": 0.5, "inner": ["kind": "fancy", "scores": [1.0, 0.25]],
      "list": [nil, ["kind": "plain", "scores": []]], "table": ["a": 1, "b": 2, "c": 3],
      "raw": ["k": [1, 1.0, nil]], "more_columns": ["q": "?", "a": 1],
    ]
    #expect(try JSON(encoding: value) == expected)
    #expect(try expected.decode(Everything.self) == value)
    #expect(try JSON(parsing: expected.text).decode(Everything.self) == value)
  }

  @Test func roots() throws {
    #expect(try JSON(encoding: 3) == 3)
    #expect(try JSON(encoding: "s") == "s")
    #expect(try JSON(encoding: [1.5, 2]) == [1.5, 2.0])
    #expect(try JSON(encoding: NoColumns()) == [:])
    #expect(try JSON(encoding: ["b": 1, "a": 2]) == ["a": 2, "b": 1])
    #expect(try JSON(encoding: Columns(["b": 1, "a": 2])) == ["b": 1, "a": 2])
    #expect(try JSON(encoding: Set(["b", "c", "a"])) == ["a", "b", "c"])
    #expect(try JSON(encoding: Int?.none) == .null)
  }

  @Test func numbersThatJSONCannotSay() {
    #expect(throws: EncodingError.self) { try JSON(encoding: [Double.nan]) }
    #expect(throws: EncodingError.self) { try JSON(encoding: ["a": Float.infinity]) }
    #expect(throws: EncodingError.self) { try JSON(encoding: UInt64.max) }
  }

  @Test func integersFromIntegralDoubles() throws {
    #expect(try JSON.double(3).decode(Int.self) == 3)
    #expect(try JSON.int(3).decode(Double.self) == 3)
    #expect(throws: JSONError.self) { try JSON.double(3.5).decode(Int.self) }
    #expect(throws: JSONError.self) { try JSON.double(1e300).decode(Int.self) }
    #expect(throws: JSONError.self) { try JSON.double(.nan).decode(Int.self) }
    #expect(throws: JSONError("expected an integer from 0 to 255, found 256")) {
      try JSON.int(256).decode(UInt8.self)
    }
  }

  @Test func errorsNameTheColumnAndTheKinds() {
    func message(_ json: JSON) -> String? {
      do {
        _ = try json.decode([String: Inner].self)
        return nil
      } catch { return "\(error)" }
    }
    #expect(message(["a": ["kind": "plain"]]) == "column 'a.scores': expected a value, found no such column")
    #expect(
      message(["a": ["kind": "plain", "scores": [1, "x"]]])
        == "column 'a.scores[1]': expected a number, found a string")
    #expect(
      message(["a": ["kind": "odd", "scores": []]])
        == "column 'a.kind': expected one of plain, fancy, found 'odd'")
    #expect(message(["a": 3]) == "column 'a': expected an object, found an integer")
    #expect(message([]) == "expected an object, found a list")
  }

  @Test func rowsAreSeenThroughViews() throws {
    let row = Row(["kind": "fancy", "other": 1, "scores": [1]])
    #expect(try row.view(as: Inner.self) == Inner(kind: .fancy, scores: [1]))
    #expect(try row.view(as: Columns.self) == Columns(row.columns))
    #expect(try row.view(as: NoColumns.self) == NoColumns())
    #expect(throws: JSONError("column 'scores': expected a list, found null")) {
      try Row(["kind": "plain", "scores": nil]).view(as: Inner.self)
    }
  }
}
