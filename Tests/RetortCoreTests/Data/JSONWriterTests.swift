import Testing

@testable import RetortCore

@Suite struct JSONWriterTests {
  @Test(arguments: [
    (1.0, "1.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e16, "1e+16"), (1e300, "1e+300"),
    (.leastNonzeroMagnitude, "5e-324"),
    (.nan, "null"), (.infinity, "null"),
  ])
  func doubles(value: Double, text: String) { #expect(JSON.double(value).text == text) }

  @Test func escapesOnlyWhatItMust() {
    #expect(JSON.string("\"\\/\n\r\t\u{0}\u{1F}\u{7F}é😀").text == #""\"\\/\n\r\t\u0000\u001f"# + "\u{7F}é😀\"")
  }

  @Test func canonicalSortsKeysByTheirBytes() {
    let json: JSON = ["é": 1, "z": 2, "Z": ["b": 1, "a": 2], "": 3]
    #expect(json.canonical == #"{"":3,"Z":{"a":2,"b":1},"z":2,"é":1}"#)
    #expect(json.text == #"{"é":1,"z":2,"Z":{"b":1,"a":2},"":3}"#)
  }

  @Test func integersAndDoublesHaveDifferentDigests() {
    #expect(Digest(of: JSON.int(1)) != Digest(of: JSON.double(1)))
    #expect(Digest(of: ["a": 1, "b": 2] as JSON) == Digest(of: ["b": 2, "a": 1] as JSON))
  }
}
