import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

/// What readers, set stages and exports say through their own sinks, as the engine hears it.
@Suite struct StageFormTests {
  private struct Word: Codable, Hashable, Sendable { let word: String }

  private struct Reads: Reader {
    struct Config: Codable, Sendable {}
    typealias Output = Word
    static let name = "reads"
    static let version = 1
    static let summary = "Read."
    static let keys: [String: String] = [:]
    init(_ config: Config, in workspace: Workspace) {}
    func read(into sink: ReaderSink<Word>) async throws {
      try await sink.make(Word(word: "a"))
      try await sink.reject(reason: "broken", detail: "line 2")
    }
  }

  private struct Keeps: SetStage {
    struct Config: Codable, Sendable {}
    typealias Input = NoColumns
    typealias Output = Word
    static let name = "keeps"
    static let version = 1
    static let summary = "Keep."
    static let keys: [String: String] = [:]
    init(_ config: Config, in workspace: Workspace) {}
    func process(_ rows: RowSet<NoColumns>, into sink: KeepingSink<Word>) async throws {
      try await sink.keep(0, adding: Word(word: "k"))
      try await sink.keep(1, addingEach: [(Word(word: "l"), 2), (Word(word: "m"), nil)])
      try await sink.consume(2)
      try await sink.drop(3, reason: "last")
    }
  }

  private struct Makes: SetStage {
    struct Config: Codable, Sendable {}
    typealias Input = NoColumns
    typealias Output = Word
    static let name = "makes"
    static let version = 1
    static let summary = "Make."
    static let keys: [String: String] = [:]
    init(_ config: Config, in workspace: Workspace) {}
    func process(_ rows: RowSet<NoColumns>, into sink: MakingSink<Word>) async throws {
      try await sink.make(Word(word: "n"), from: [0, 1])
    }
  }

  private struct Writes: Exporter {
    struct Config: Codable, Sendable {}
    typealias Input = NoColumns
    static let name = "writes"
    static let version = 1
    static let summary = "Write."
    static let keys: [String: String] = [:]
    static let destinations = [Destination.folder]
    let writes: [ExportTarget] = []
    init(_ config: Config, in workspace: Workspace) {}
    func export(_ rows: RowSet<NoColumns>, dropping sink: ExportSink) async throws -> [ExportedFile] {
      try await sink.drop(1, reason: "bad", detail: "no text")
      return ["a", "b"].map { ExportedFile(path: $0, sha256: "00", rows: 2) }
    }
  }

  private let rows: [JSON] = [[:], [:], [:], [:]]

  @Test func aReaderMakesRowsAndRejectsRecords() async throws {
    #expect(
      try await Bench.answers(of: Reads(.init(), in: Bench.nowhere))
        == [.make(["word": "a"], members: []), .reject(reason: "broken", detail: "line 2")])
  }

  @Test func aSetStageKeepsItsRowsOrMakesNewOnes() async throws {
    #expect(
      try await Bench.answers(of: Keeps(.init(), in: Bench.nowhere), to: rows) == [
        .keep(0, ["word": "k"]), .fan(1, [.init(["word": "l"], partner: 2), .init(["word": "m"])]),
        .consume(2), .drop(3, reason: "last", detail: ""),
      ])
    #expect(
      try await Bench.answers(of: Makes(.init(), in: Bench.nowhere), to: rows)
        == [.make(["word": "n"], members: [0, 1])])
  }

  @Test func anExportMakesARowOfEachFileFromWhatItDidNotDrop() async throws {
    #expect(
      try await Bench.answers(of: Writes(.init(), in: Bench.nowhere), to: rows) == [
        .drop(1, reason: "bad", detail: "no text"),
        .make(["path": "a", "sha256": "00", "rows": 2], members: [0, 2, 3]),
        .make(["path": "b", "sha256": "00", "rows": 2], members: [0, 2, 3]),
      ])
  }

  @Test func theCatalogKnowsTheFormsOfItsKinds() {
    let entries = [
      StageEntry(Reads.self), StageEntry(Keeps.self), StageEntry(Makes.self), StageEntry(Writes.self),
    ]
    #expect(
      entries.map(\.form)
        == [.reader, .set(makesRows: false), .set(makesRows: true), .export([.folder])])
    #expect(entries.map(\.isReader) == [true, false, false, false])
    #expect(entries.map(\.exports) == [false, false, false, true])
    #expect(entries.map(\.makesRows) == [true, false, true, true])
  }
}
