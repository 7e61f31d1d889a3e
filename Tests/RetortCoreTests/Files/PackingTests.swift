import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

/// Data files whose name says that they are packed.
@Suite struct PackingTests {
  private let folder: URL
  init() throws { folder = try Bench.folder() }

  private static let text = (0..<50_000).map { "line \($0) of a text\n" }.joined()

  private func file(_ name: String, _ bytes: Data) throws -> DataFile {
    let url = folder.appending(path: name)
    try bytes.write(to: url)
    return try JSON.string(url.path).decode(DataFile.self)
  }

  /// What a program makes of a text.
  private func packed(_ program: String, _ text: String) throws -> Data {
    let source = folder.appending(path: UUID().uuidString)
    try text.write(to: source, atomically: false, encoding: .utf8)
    let packed = try Program.output(of: [program, "-c", "-q", source.path])
    try #require(packed.status == 0)
    return packed.data
  }

  private func text(_ file: DataFile, count: Int = 1 << 20) throws -> String {
    let reading = try DataFileReading(file)
    var all = Data()
    while case let piece = try reading.read(upToCount: count), !piece.isEmpty {
      #expect(piece.count <= count)
      all += piece
    }
    return String(decoding: all, as: UTF8.self)
  }

  @Test(arguments: [("gzip", "a.gz"), ("gzip", "a.jsonl.GZ"), ("zstd", "a.zst"), ("zstd", "a.zstd")])
  func aPackedFileIsItsText(program: String, name: String) throws {
    let file = try file(name, packed(program, Self.text))
    #expect(try text(file) == Self.text)
    #expect(try text(file, count: 100) == Self.text)
    #expect(try DataFileReading.head(of: file, count: 12) == Data("line 0 of a ".utf8))
    #expect(try file.contents(limit: Self.text.utf8.count) == Data(Self.text.utf8))
    #expect(try file.contents(limit: Self.text.utf8.count - 1) == nil)
  }

  @Test(arguments: [("gzip", "gz"), ("zstd", "zst")])
  func partsFollowOneAnother(program: String, ending: String) throws {
    let parts = try packed(program, "one\n") + packed(program, "") + packed(program, Self.text)
    #expect(try text(file("a.\(ending)", parts)) == "one\n" + Self.text)
    let padded = try packed("gzip", "one\n") + Data(count: 512)
    #expect(try text(file("b.gz", padded)) == "one\n")
  }

  @Test(arguments: [("gzip", "gz"), ("zstd", "zst")])
  func aFileThatIsCutShortIsNeverShort(program: String, ending: String) throws {
    let whole = try packed(program, Self.text)
    for count in [0, 1, 5, 17, whole.count / 2, whole.count - 1] {
      let file = try file("a.\(ending)", whole.prefix(count))
      #expect(throws: StageError.self, "\(count) bytes") { try text(file) }
    }
    let error = #expect(throws: StageError.self) { try text(file("a.gz", packed("gzip", "x").dropLast())) }
    #expect(
      error?.description
        == "expected the whole of '\(folder.path)/a.gz', found its beginning: its gzip ends too early; it was cut short, or "
        + "is being written")
  }

  @Test(arguments: [("gzip", "gz"), ("zstd", "zst")])
  func whatIsNotPackedToItsEndIsAnError(program: String, ending: String) throws {
    var broken = try packed(program, Self.text)
    #expect(throws: StageError.self) { try text(file("more.\(ending)", broken + Data("more".utf8))) }
    #expect(throws: StageError.self) { try text(file("plain.\(ending)", Data(Self.text.utf8))) }
    broken[broken.count / 2] ^= 0x55
    #expect(throws: StageError.self) { try text(file("flip.\(ending)", broken)) }
  }

  @Test(arguments: [("gzip", "gz"), ("zstd", "zst")])
  func aChangeMeanwhileIsAnError(program: String, ending: String) throws {
    let file = try file("a.\(ending)", packed(program, Self.text))
    try packed(program, "other").write(to: file.url)
    let error = #expect(throws: StageError.self) { try text(file) }
    #expect(error?.description.hasPrefix("expected '\(file.path)' as it was when the run began") == true)
  }
}
