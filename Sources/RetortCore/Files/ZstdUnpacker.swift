internal import Foundation

/// Unpacks Zstandard (RFC 8878) with the program `zstd`, which is handed the file and asked for its text.
final class ZstdUnpacker: Unpacker {
  private let path: String
  private let process: pid_t
  private var hasEnded = false
  private let input = Pipe()
  private let output = Pipe()
  private let errors = Pipe()
  private var packed = Data()
  private var isFed = false
  private var isOver = false

  /// A program that has ended is an error of the write to it, and not the end of this process.
  private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  /// Errors: ``StageError`` where there is no such program.
  init(_ path: String) throws {
    self.path = path
    _ = Self.ignoresBrokenPipes
    guard let program = Self.program else {
      throw StageError(
        "expected the program zstd to unpack '\(path)', found none in PATH; install it (Debian: zstd), or pack the file "
          + "with gzip")
    }
    process = try Spawn.process(
      [program.path, "-d", "-c", "-q", "-"], ProcessInfo.processInfo.environment,
      [
        input.fileHandleForReading.fileDescriptor, output.fileHandleForWriting.fileDescriptor,
        errors.fileHandleForWriting.fileDescriptor,
      ])
    // The program has its own; while one is open here, the other end never ends.
    for end in [input.fileHandleForReading, output.fileHandleForWriting, errors.fileHandleForWriting] {
      try? end.close()
    }
    let feed = input.fileHandleForWriting.fileDescriptor
    _ = fcntl(feed, F_SETFL, fcntl(feed, F_GETFL) | O_NONBLOCK)
  }

  private static var program: URL? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.lazy.map { URL(filePath: String($0)).appending(path: "zstd") }.first {
      FileManager.default.isExecutableFile(atPath: $0.path)
    }
  }

  deinit {
    guard !hasEnded else { return }
    kill(process, SIGKILL)
    Spawn.wait(for: process)
  }

  func read(upToCount count: Int, _ next: () throws -> Data) throws -> Data {
    while !isOver {
      if packed.isEmpty, !isFed {
        packed = try next()
        if packed.isEmpty { try stopFeeding() }
      }
      let ready = wait()
      if ready.toFeed { try feed() }
      guard ready.toRead else { continue }
      let text = try read(count)
      if !text.isEmpty { return text }
      isOver = true
      try finish()
    }
    return Data()
  }

  /// Waits until the program takes something or gives something.
  private func wait() -> (toFeed: Bool, toRead: Bool) {
    var ends = [pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)]
    if !isFed {
      ends.append(
        pollfd(fd: input.fileHandleForWriting.fileDescriptor, events: Int16(POLLOUT), revents: 0))
    }
    guard poll(&ends, nfds_t(ends.count), -1) > 0 else { return (false, false) }
    return (ends.count > 1 && ends[1].revents != 0, ends[0].revents != 0)
  }

  private func feed() throws {
    let count = packed.withUnsafeBytes {
      write(input.fileHandleForWriting.fileDescriptor, $0.baseAddress, $0.count)
    }
    if count >= 0 {
      packed = packed.dropFirst(count)
    } else if errno == EPIPE {
      // It has ended, and says why.
      try stopFeeding()
    }
  }

  private func stopFeeding() throws {
    isFed = true
    packed = Data()
    try? input.fileHandleForWriting.close()
  }

  private func read(_ count: Int) throws -> Data {
    var text = [UInt8](repeating: 0, count: count)
    while true {
      let read = Foundation.read(output.fileHandleForReading.fileDescriptor, &text, count)
      if read >= 0 { return Data(text[..<read]) }
      guard errno == EINTR else {
        throw StageError("cannot read what zstd unpacks of '\(path)': \(String(cString: strerror(errno)))")
      }
    }
  }

  private func finish() throws {
    if !isFed { try stopFeeding() }
    let said = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
    hasEnded = true
    guard Spawn.wait(for: process) == 0 else {
      let words = String(decoding: said.prefix(400), as: UTF8.self).replacing("/*stdin*\\", with: "").trimmed
      throw StageError(
        "expected zstd in '\(path)' to its end, found something else, or its beginning alone: "
          + (words.isEmpty ? "the program zstd was ended" : words))
    }
  }
}
