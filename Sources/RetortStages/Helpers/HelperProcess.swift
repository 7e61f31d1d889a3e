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
  private let isClosed = Mutex(false)
  /// What has left its group may hold its input open, and read nothing.
  private let hasEnded = Flag()
  private let writing = DispatchQueue(label: "retort-helper-input")

  /// - Parameters:
  ///   - longest: bytes of a line at most.
  ///   - hear: slows the helper down as long as it does not return.
  /// Errors: ``StageError`` when it cannot be started.
  init(_ program: HelperProgram, longest: Int, hear: @escaping @Sendable (Sign) -> Void) throws {
    let child = try ChildProcess(program)
    let voice = Voice(program.redaction)
    (self.child, self.voice) = (child, voice)
    // A write waits where it can be told that the program has ended.
    _ = fcntl(child.input, F_SETFL, O_NONBLOCK)
    let outputs = DispatchGroup()
    Self.thread(in: outputs) { Self.lines(of: child.output, longest: longest, hear) }
    Self.thread(in: outputs) { voice.listen(to: child.errors) }
    Self.thread { [hasEnded] in
      let end = child.wait()
      hasEnded.raise()
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
    writing.async { [child, hasEnded] in
      let isTaken = Self.write(Array(text.utf8), to: child.input, unless: hasEnded)
      written?(isTaken)
    }
  }

  /// Ends its input, after what was written. Nothing may be written afterwards.
  func closeInput() {
    let isFirst = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return !isClosed
    }
    if isFirst { writing.async { [child] in close(child.input) } }
  }

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

  private static func write(_ bytes: [UInt8], to descriptor: Int32, unless hasEnded: Flag) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN, !hasEnded.isRaised {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, 500)
      } else if errno != EINTR {
        return false
      }
    }
    return true
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

private final class Flag: Sendable {
  private let state = Mutex(false)
  var isRaised: Bool { state.withLock { $0 } }
  func raise() { state.withLock { $0 = true } }
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
