import Foundation
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCLI

/// A folder of its own with a pipeline, its data and an endpoint, in which commands are typed.
///
/// With `RETORT_BINARY` in the environment they are given to that program, so that one can see what another one than
/// this prints.
final class Desk: Sendable {
  let folder: URL
  let endpoint: StubServer
  private let environment: [String: String]

  /// What a command left on the terminal.
  struct Typed: Hashable {
    /// stdout, and stderr, without what differs from day to day.
    var printed: String
    var said: String
    var status: Int32
  }

  /// - Parameters:
  ///   - files: their texts by their paths, beside those of ``project`` or in their place.
  ///   - answer: what the endpoint replies to a prompt.
  init(
    _ files: [String: String] = [:], answer: @escaping @Sendable (String) -> StubAnswer = Desk.answer
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(
      path: "retort-desk-\(UUID())", directoryHint: .isDirectory)
    endpoint = try StubServer { answer(Desk.prompt(of: $0)) }
    environment = ["PATH": "/usr/bin:/bin", "RETORT_URL": "\(endpoint.url)/v1"]
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (path, text) in Self.project.merging(files, uniquingKeysWith: { $1 }) { try write(text, to: path) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ text: String, to path: String) throws {
    let url = folder.appending(path: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func read(_ path: String) throws -> String {
    try String(contentsOf: folder.appending(path: path), encoding: .utf8)
  }

  /// How often the endpoint was asked.
  var calls: Int { endpoint.requests }

  /// The surroundings of a command, which prints to a paper.
  func shell(
    on paper: Paper, _ more: [String: String] = [:], answering ask: (@Sendable () -> String?)? = nil
  ) -> Shell {
    Shell(
      terminal: Terminal(out: paper.print, err: paper.say, ask: ask, columns: 80),
      environment: environment.merging(more) { $1 }, folder: folder, now: { 0 })
  }

  /// Types a line after `retort`; what stands in single quotes is one word.
  func type(_ line: String, with more: [String: String] = [:]) async throws -> Typed {
    let words = Self.words(line)
    if let binary = Self.binary { return try start(binary, words, more) }
    let paper = Paper()
    let status = await RetortCommand.perform(words, in: shell(on: paper, more))
    return Typed(printed: plain(paper.printed), said: plain(paper.said), status: status)
  }

  /// Types a line, and expects what it leaves on the terminal: each text without its last line break.
  ///
  /// - Parameters:
  ///   - prints: what is asked for, on stdout.
  ///   - says: what is said beside it, on stderr.
  func expectCommand(
    _ line: String, prints: String = "", says: String = "", exits status: Int32 = 0,
    with more: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let typed = try await type(line, with: more)
    #expect(typed.printed == Self.ended(prints), sourceLocation: sourceLocation)
    #expect(typed.said == Self.ended(says), sourceLocation: sourceLocation)
    #expect(typed.status == status, sourceLocation: sourceLocation)
  }

  private static func ended(_ text: String) -> String { text.isEmpty ? "" : text + "\n" }

  private static func words(_ line: String) -> [String] {
    line.matches(of: /'([^']*)'|[^ ]+/).map { String($0.1 ?? $0.0) }
  }

  /// Without the folder's path, and without what differs from run to run: the one place that knows what does.
  func plain(_ text: String) -> String {
    text.replacing(folder.path + "/", with: "").replacing(folder.path, with: ".")
      .replacing(/http:\/\/127\.0\.0\.1:[0-9]+/, with: "http://127.0.0.1:0")
      .replacing(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/, with: "2026-01-01 00:00:00")
      // Seconds: those of a run in the closing line, `runs`, `--json` and a report, and those of a measured call.
      .replacing(/in \d+\.\d s\n/, with: "in 0.0 s\n")
      .replacing(/:00:00 {2,8}\d+\.\d\b/, with: ":00:00      0.0")
      .replacing(/"seconds":[0-9.e-]+/, with: #""seconds":0.0"#)
      .replacing(/UTC, [\d.]+ (s|min|h)\./, with: "UTC, 0.00 s.")
      .replacing(/1 at a time, \d+\.\d s a call\n/, with: "1 at a time, 0.0 s a call\n")
      .replacing(/time {8}\d[^\n]*\n/, with: "time        0 s\n")
      .replacing(/Failed to connect to .+/, with: "Failed to connect")
      // Stages commit their steps beside each other.
      .replacing(/step \d+, made/, with: "step 1, made")
  }

  // MARK: Another program

  static let binary = ProcessInfo.processInfo.environment["RETORT_BINARY"]

  private func start(_ binary: String, _ words: [String], _ more: [String: String]) throws -> Typed {
    let places = ["out", "err"].map { folder.appending(path: ".desk-\($0)") }
    let process = Process()
    process.executableURL = URL(filePath: binary)
    process.arguments = words
    process.currentDirectoryURL = folder
    process.environment = environment.merging(more) { $1 }
    process.standardInput = FileHandle.nullDevice
    for place in places { _ = FileManager.default.createFile(atPath: place.path, contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: places[0])
    process.standardError = try FileHandle(forWritingTo: places[1])
    try process.run()
    process.waitUntilExit()
    let texts = try places.map { try String(contentsOf: $0, encoding: .utf8) }
    for place in places { try FileManager.default.removeItem(at: place) }
    return Typed(printed: plain(texts[0]), said: plain(texts[1]), status: process.terminationStatus)
  }
}

/// What a command prints, kept apart as a shell would.
final class Paper: Sendable {
  private let texts = Mutex((printed: "", said: ""))

  var printed: String { texts.withLock { $0.printed } }
  var said: String { texts.withLock { $0.said } }
  @Sendable func print(_ text: String) { texts.withLock { $0.printed += text } }
  @Sendable func say(_ text: String) { texts.withLock { $0.said += text } }
}
