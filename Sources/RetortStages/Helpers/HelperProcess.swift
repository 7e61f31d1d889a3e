internal import Foundation
internal import RetortCore
internal import Synchronization

/// A started helper: lines in, lines out, the end of what it says on standard error.
///
/// Neither side can hold the other up: what is written to it waits in a queue of its own, and both of its outputs are
/// read whether or not it reads.
final class HelperProcess: Sendable {
  /// What is heard of it, in order, on a thread of its own.
  enum Sign: Sendable {
    /// A line without its end; blank ones are not told.
    case line(Data)
    /// A line that is longer than may be. What follows is not heard.
    case overlong
    /// The last sign: how it ended, as of ``ChildProcess/wait()``.
    case ended(String)
  }

  private let child: ChildProcess
  private let voice: Voice
  private let input: HelperInput

  /// - Parameters:
  ///   - longest: bytes of a line at most.
  ///   - hear: slows the helper down as long as it does not return.
  /// Errors: ``StageError`` when it cannot be started.
  init(_ program: HelperProgram, longest: Int, hear: @escaping @Sendable (Sign) -> Void) throws {
    let child = try ChildProcess(program)
    let (voice, input) = (Voice(program.redaction), HelperInput(child.input))
    (self.child, self.voice, self.input) = (child, voice, input)
    Self.thread { input.serve() }
    let outputs = DispatchGroup()
    Self.thread(in: outputs) { Self.lines(of: child.output, longest: longest, hear) }
    Self.thread(in: outputs) { voice.listen(to: child.errors) }
    Self.thread {
      let end = child.wait()
      input.giveUp()
      // What has left the group may hold the outputs open for ever.
      _ = outputs.wait(timeout: .now() + 2)
      hear(.ended(end))
      child.waitForGuardian()
    }
  }

  deinit { end() }

  /// The last lines of its standard error, on one line; empty where it said nothing.
  var lastWords: String { voice.lastWords }

  /// Writes in the order of the calls.
  /// - Parameter written: told whether the helper took it.
  func write(_ text: String, _ written: (@Sendable (Bool) -> Void)? = nil) {
    input.add(Array(text.utf8), written)
  }

  /// Ends its input, after what was written. Nothing may be written afterwards.
  func closeInput() { input.close() }

  /// Kills it and what it started.
  func kill() { child.kill() }

  /// Ends its input and lets it end.
  private func end() {
    closeInput()
    child.release()
  }

  // MARK: Streams

  private static func thread(in group: DispatchGroup? = nil, _ body: @escaping @Sendable () -> Void) {
    group?.enter()
    let thread = Thread {
      body()
      group?.leave()
    }
    thread.name = "retort-helper"
    thread.start()
  }

  /// Gives the pieces of a stream until its end, and closes it.
  fileprivate static func read(_ descriptor: Int32, _ take: (UnsafeRawBufferPointer) -> Void) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    close(descriptor)
  }

  private static func lines(of output: Int32, longest: Int, _ hear: @Sendable (Sign) -> Void) {
    var line = Data()
    var isDeaf = false
    func endLine() {
      if line.contains(where: { $0 > 0x20 }) { hear(.line(line)) }
      line = Data()
    }
    read(output) { piece in
      var parts = piece.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
      while !isDeaf, let part = parts.popFirst() {
        guard line.count + part.count <= longest else {
          isDeaf = true
          return hear(.overlong)
        }
        line.append(contentsOf: part)
        if !parts.isEmpty { endLine() }
      }
    }
    if !isDeaf { endLine() }
  }
}

/// What a helper says on standard error: all of it is read, the end of it is kept.
private final class Voice: Sendable {
  private let redaction: Redaction
  private let kept = Mutex(Data())

  /// Characters and lines of its last words.
  private static let (mostCharacters, mostLines) = (600, 4)

  init(_ redaction: Redaction) { self.redaction = redaction }

  func listen(to errors: Int32) {
    HelperProcess.read(errors) { piece in
      kept.withLock {
        $0.append(contentsOf: piece.suffix(8 * Self.mostCharacters))
        if $0.count > 16 * Self.mostCharacters { $0 = $0.suffix(8 * Self.mostCharacters) }
      }
    }
  }

  var lastWords: String {
    let text = String(decoding: kept.withLock { $0 }, as: UTF8.self)
    // Before anything is cut off, since half a key is not found.
    let lines = redaction.words(text).split(whereSeparator: \.isNewline).map { String($0).trimmed }
    return String(
      lines.filter { !$0.isEmpty }.suffix(Self.mostLines).joined(separator: " / ")
        .suffix(Self.mostCharacters))
  }
}
