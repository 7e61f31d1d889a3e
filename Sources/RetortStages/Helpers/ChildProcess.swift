internal import Foundation
internal import RetortCore
internal import Synchronization

/// A started program in a process group of its own: its three streams, and its end.
///
/// A small shell, the guardian, holds the reading end of a pipe from this process, the leash. When that closes, because
/// the program is no longer needed or this process has died in whatever way, the guardian gives the group two seconds to
/// end by itself (its input has ended), asks it to, and two seconds later kills it.
final class ChildProcess: Sendable {
  let input: Int32
  let output: Int32
  let errors: Int32
  private let pid: pid_t
  private let guardian: pid_t
  private let leash: Mutex<Int32?>
  /// Whether the number may by now be that of another process.
  private let isReaped = Mutex(false)

  private static let guarding = """
    group=
    while read -r line; do group=$line; done
    [ "$group" ] || exit 0
    wait_for() { for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 -$group || exit 0; sleep 0.2; done; }
    wait_for
    kill -TERM -$group
    wait_for
    kill -KILL -$group
    """

  /// A pipe's ends would pass into what another thread starts before they are marked.
  private static let starting = Mutex<Void>(())

  /// A program that has ended is an error of the write to it, and not the end of this process.
  private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  /// Errors: ``StageError`` when it cannot be started.
  init(_ program: HelperProgram) throws {
    _ = Self.ignoresBrokenPipes
    let path = try program.url().path
    let made = try Self.starting.withLock { _ in
      let pipes = try (0..<4).map { _ in try Pipe() }
      let (input, output, errors, leash) = (pipes[0], pipes[1], pipes[2], pipes[3])
      defer { for end in [input.read, output.write, errors.write, leash.read] { close(end) } }
      func spawn(_ words: [String], _ streams: [Int32]) throws -> pid_t {
        do { return try Spawn.process(words, program.environment, streams) } catch {
          for end in [input.write, output.read, errors.read, leash.write] { close(end) }
          throw error
        }
      }
      let null = open("/dev/null", O_RDWR | O_CLOEXEC)
      defer { close(null) }
      let guardian = try spawn(["/bin/sh", "-c", Self.guarding], [leash.read, null, null])
      let pid = try spawn(
        ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, program.folder.standardizedFileURL.path, path]
          + program.words.dropFirst(), [input.read, output.write, errors.write])
      Self.write("\(pid)\n", to: leash.write)
      return (pid, guardian, input.write, output.read, errors.read, leash.write)
    }
    (pid, guardian, input, output, errors) = (made.0, made.1, made.2, made.3, made.4)
    leash = Mutex(made.5)
  }

  /// Waits for its end. Afterwards nothing of its group is left, and `output` ends. To be called once.
  /// - Returns: how it ended, as `with status 1` or `by signal 9`.
  func wait() -> String {
    var info = siginfo_t()
    while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    // Until it is reaped the group's number stays its own.
    _ = Glibc.kill(-pid, SIGKILL)
    let status = isReaped.withLock {
      $0 = true
      return Spawn.wait(for: pid)
    }
    leash.withLock {
      guard let end = $0 else { return }
      Self.write("\n", to: end)
      close(end)
      $0 = nil
    }
    let signal = status & 0x7F
    return signal == 0 ? "with status \((status >> 8) & 0xFF)" : "by signal \(signal)"
  }

  /// Waits for the guardian's end, once the program has ended.
  func waitForGuardian() { Spawn.wait(for: guardian) }

  /// Kills it and what it started, at once.
  func kill() {
    isReaped.withLock { if !$0 { _ = Glibc.kill(-pid, SIGKILL) } }
  }

  /// Leaves it to the guardian, which lets it end by itself within two seconds.
  func release() {
    leash.withLock {
      if let end = $0 { close(end) }
      $0 = nil
    }
  }

  // MARK: Starting

  private struct Pipe {
    let read: Int32
    let write: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else {
        throw StageError("cannot make a pipe: \(String(cString: strerror(errno)))")
      }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      (read, write) = (ends[0], ends[1])
    }
  }

  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }
}
