import Testing

@testable import RetortCore

@Suite struct JSONSchemaTests {
  private func complaints(_ schema: String, _ value: String) throws -> [String] {
    try JSONSchema(try JSON(parsing: schema)).complaints(about: try JSON(parsing: value))
  }

  /// Each keyword: a value that fits and one that does not, with the complaint.
  @Test(arguments: [
    (#"{"type":"string"}"#, #""a""#, "1", "Expected a text, found 1"),
    (#"{"type":"integer"}"#, "1.0", "1.5", "Expected an integer, found 1.5"),
    (#"{"type":"integer"}"#, "1e300", #""1""#, #"Expected an integer, found "1""#),
    (#"{"type":"number"}"#, "1", "true", "Expected a number, found true"),
    (#"{"type":"boolean"}"#, "true", "0", "Expected true or false, found 0"),
    (#"{"type":"null"}"#, "null", "0", "Expected null, found 0"),
    (#"{"type":["string","null"]}"#, "null", "[]", "Expected a text or null, found a list"),
    (#"{"type":"string","nullable":true}"#, "null", "{}", "Expected a text, found an object"),
    (#"{"enum":["a",1,null]}"#, "1.0", #""b""#, #"Expected one of "a", 1, null, found "b""#),
    (
      #"{"enum":[{"a":1,"b":2}]}"#, #"{"b":2,"a":1}"#, #"{"a":1}"#,
      #"Expected one of {"a":1,"b":2}, found an object"#
    ),
    (#"{"const":"a"}"#, #""a""#, #""A""#, #"Expected "a", found "A""#),
    (#"{"minimum":1}"#, "1", "0.5", "Expected at least 1, found 0.5"),
    (
      #"{"maximum":9223372036854775807}"#, "9223372036854775807", "9223372036854775808",
      "Expected at most 9223372036854775807, found 9.223372036854776e+18"
    ),
    (
      #"{"minimum":9007199254740993}"#, "9007199254740993", "9007199254740992",
      "Expected at least 9007199254740993, found 9007199254740992"
    ),
    (#"{"exclusiveMinimum":0}"#, "0.1", "0", "Expected more than 0, found 0"),
    (#"{"exclusiveMaximum":1}"#, "0", "1.0", "Expected less than 1, found 1.0"),
    (#"{"multipleOf":0.1}"#, "0.3", "0.25", "Expected a multiple of 0.1, found 0.25"),
    (#"{"multipleOf":3}"#, "9", "10", "Expected a multiple of 3, found 10"),
    (#"{"minLength":2}"#, #""éé""#, #""😀""#, "Expected at least 2 characters, found 1"),
    (#"{"maxLength":1}"#, #""😀""#, #""ab""#, "Expected at most 1 characters, found 2"),
    (#"{"pattern":"^a+$"}"#, #""aa""#, #""ab""#, #"Expected a text that matches ^a+$, found "ab""#),
    (#"{"items":{"type":"string"}}"#, #"["a"]"#, #"["a",2]"#, "[1]: expected a text, found 2"),
    (#"{"minItems":1}"#, "[1]", "[]", "Expected at least 1 elements, found 0"),
    (#"{"maxItems":1}"#, "[1]", "[1,2]", "Expected at most 1 elements, found 2"),
    (
      #"{"uniqueItems":true}"#, "[1,2]", "[1,2,1.0]",
      "[2]: expected different elements, found the same as [0]"
    ),
    (
      #"{"prefixItems":[{"type":"string"}],"items":false}"#, #"["a"]"#, #"["a",1]"#,
      "[1]: expected nothing here, found 1"
    ),
    (
      #"{"contains":{"type":"string"}}"#, #"[1,"a"]"#, "[1]",
      "Expected at least 1 elements that are a text, found 0"
    ),
    (
      #"{"required":["a"],"properties":{"a":{"type":"string"}}}"#, #"{"a":"x"}"#, "{}",
      "a: expected a text, found nothing"
    ),
    (
      #"{"properties":{"a":{"properties":{"b":{"type":"string"}}}}}"#, #"{"a":{"b":"x"}}"#, #"{"a":{"b":1}}"#,
      "a.b: expected a text, found 1"
    ),
    (
      #"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1}"#, #"{"a":1,"b":2}"#,
      "b: expected only the keys 'a', found this one"
    ),
    (
      #"{"additionalProperties":{"type":"integer"}}"#, #"{"a":1}"#, #"{"a":"1"}"#,
      #"a: expected an integer, found "1""#
    ),
    (
      #"{"patternProperties":{"^x_":{"type":"string"}},"additionalProperties":false}"#, #"{"x_a":"b"}"#,
      #"{"x_a":1}"#, "x_a: expected a text, found 1"
    ),
    (
      #"{"propertyNames":{"maxLength":1}}"#, #"{"a":1}"#, #"{"ab":1}"#,
      #"ab: expected a key that {"maxLength":1} describes, found this one"#
    ),
    (#"{"minProperties":1}"#, #"{"a":1}"#, "{}", "Expected at least 1 keys, found 0"),
    (#"{"maxProperties":1}"#, #"{"a":1}"#, #"{"a":1,"b":2}"#, "Expected at most 1 keys, found 2"),
    (
      #"{"dependentRequired":{"a":["b"]}}"#, #"{"b":1}"#, #"{"a":1}"#,
      "b: expected a value beside a, found nothing"
    ),
    (
      #"{"anyOf":[{"type":"string"},{"type":"integer"}]}"#, "1", "true",
      "Expected a text or an integer, found true"
    ),
    (
      #"{"anyOf":[{"type":"string"},{"items":{"type":"string"}}]}"#, #"["a"]"#, "[1]",
      "[0]: expected a text, found 1"
    ),
    (
      #"{"oneOf":[{"type":"integer"},{"minimum":2}]}"#, "1", "3",
      "Expected to fit one form of 2, found that it fits 2"
    ),
    (#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, "2", "3", "Expected at most 2, found 3"),
    (
      #"{"not":{"type":"null"}}"#, "1", "null",
      #"Expected another value than {"type":"null"} describes, found null"#
    ),
    (
      #"{"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":1}}"#, #""ab""#, "0",
      "Expected at least 1, found 0"
    ),
    (
      ##"{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"string"}}}"##, #""x""#, "1",
      "Expected a text, found 1"
    ),
    (
      ##"{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"},"v":{"type":"integer"}},"required":["v"]}},"$ref":"#/$defs/n"}"##,
      #"{"v":1,"next":{"v":2}}"#, #"{"v":1,"next":{"v":2,"next":{}}}"#,
      "next.next.v: expected an integer, found nothing"
    ),
    (
      #"{"format":"date"}"#, #""2024-02-29""#, #""2023-02-29""#,
      #"Expected the format date, found "2023-02-29""#
    ),
    (
      #"{"format":"date-time"}"#, #""2024-01-01T00:00:00Z""#, #""2024-01-01 00:00:00""#,
      #"Expected the format date-time, found "2024-01-01 00:00:00""#
    ),
    (
      #"{"format":"time"}"#, #""23:59:60+01:00""#, #""24:00:00Z""#,
      #"Expected the format time, found "24:00:00Z""#
    ),
    (#"{"format":"duration"}"#, #""P1DT2H""#, #""P""#, #"Expected the format duration, found "P""#),
    (#"{"format":"email"}"#, #""a.b@c.org""#, #""a@b@c""#, #"Expected the format email, found "a@b@c""#),
    (
      #"{"format":"hostname"}"#, #""a-b.org""#, #""-a.org""#, #"Expected the format hostname, found "-a.org""#
    ),
    (
      #"{"format":"ipv4"}"#, #""127.0.0.1""#, #""256.0.0.1""#, #"Expected the format ipv4, found "256.0.0.1""#
    ),
    (#"{"format":"ipv6"}"#, #""::1""#, #"":::1""#, #"Expected the format ipv6, found ":::1""#),
    (#"{"format":"uri"}"#, #""https://a.org/b?c#d""#, #""a b""#, #"Expected the format uri, found "a b""#),
    (
      #"{"format":"uuid"}"#, #""123e4567-e89b-12d3-a456-426614174000""#, #""123""#,
      #"Expected the format uuid, found "123""#
    ),
    (#"{"format":"int32"}"#, "2147483647", "2147483648", "Expected the format int32, found 2147483648"),
  ])
  func eachKeyword(schema: String, fits: String, fails: String, complaint: String) throws {
    #expect(try complaints(schema, fits) == [])
    #expect(try complaints(schema, fails) == [complaint])
  }

  @Test func atMostFiveComplaints() throws {
    #expect(try complaints(#"{"items":{"type":"string"}}"#, "[1,2,3,4,5,6,7]").count == 5)
  }

  @Test func describingKeywordsChangeNothing() throws {
    let schema =
      #"{"title":"t","description":"d","default":1,"examples":[1],"$schema":"s","$id":"i","$comment":"c"}"#
    #expect(try complaints(schema, #""x""#) == [])
  }

  @Test(arguments: [
    (
      #"{"type":"strng"}"#, "type",
      "expected one of array, boolean, integer, null, number, object, string, found \"strng\" (did you mean 'string'?)"
    ),
    (#"{"type":[]}"#, "type", "expected different types, at least one, found []"),
    (#"{"enum":[]}"#, "enum", "expected a list of at least one value, found []"),
    (#"{"required":"a"}"#, "required", #"expected a list of different names, found "a""#),
    (
      #"{"properties":{"a":"string"}}"#, "properties.a",
      "expected a schema, an object of keywords, found a string"
    ),
    (
      #"{"properties":{"a":{"type":"string","maxLenght":3}}}"#, "properties.a.maxLenght",
      "expected a keyword that replies can be held to (docs/pipeline-file.md), found 'maxLenght' (did you mean 'maxLength'?)"
    ),
    (#"{"items":[{}]}"#, "items", "expected a schema, an object of keywords, found a list"),
    (#"{"anyOf":[]}"#, "anyOf", "expected a list of at least one schema, found []"),
    (#"{"anyOf":[{},{"minimum":"1"}]}"#, "anyOf.1.minimum", #"expected a number, found "1""#),
    (#"{"minLength":-1}"#, "minLength", "expected an integer of at least 0, found -1"),
    (#"{"multipleOf":0}"#, "multipleOf", "expected a number above 0, found 0"),
    (#"{"exclusiveMinimum":true}"#, "exclusiveMinimum", "expected a number, found true"),
    (#"{"minItems":3,"maxItems":2}"#, "minItems", "expected at most maxItems, 2, found 3"),
    (
      #"{"pattern":"(a"}"#, "pattern",
      "expected a regular expression: expected ')', found the end of the pattern at character 3"
    ),
    (
      #"{"format":"phone"}"#, "format",
      #"expected one of date, time, duration, email, hostname, ipv4, ipv6, uri, uuid, date-time, int32, int64, float, double, found "phone""#
    ),
    (
      ##"{"$ref":"#/$defs/a"}"##, "$ref",
      ##"expected a schema within this one, as '#/$defs/NAME', found "#/$defs/a""##
    ),
    (
      #"{"$ref":"http://a/b"}"#, "$ref",
      ##"expected a schema within this one, as '#/$defs/NAME', found "http://a/b""##
    ),
    (
      ##"{"$ref":"#/default","default":{}}"##, "$ref",
      ##"expected a schema within this one, as '#/$defs/NAME', found "#/default""##
    ),
    (
      ##"{"$ref":"#"}"##, "$ref",
      "expected a reference that leads to a schema, found that it leads back to itself"
    ),
    (
      ##"{"properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"anyOf":[{"$ref":"#/$defs/c"}]},"c":{"$ref":"#/$defs/b"}}}"##,
      "properties.a.$ref", "expected a reference that leads to a schema, found that it leads back to itself"
    ),
  ])
  func mistakesOfASchema(schema: String, path: String, message: String) throws {
    let json = try JSON(parsing: schema)
    let mistakes = #expect(throws: JSONSchema.Mistakes.self) { try JSONSchema(json) }
    #expect(mistakes?.all.map { $0.path.joined(separator: ".") } == [path])
    #expect(mistakes?.all.map(\.message) == [message])
  }

  @Test func alternativesOfAlternativesEnd() throws {
    let schema =
      ##"{"anyOf":[{"items":{"$ref":"#"},"minItems":1},{"items":{"$ref":"#"},"maxItems":9}],"maxItems":9}"##
    let value = String(repeating: "[", count: 40) + "1" + String(repeating: "]", count: 40)
    _ = try complaints(schema, value)
  }
}
