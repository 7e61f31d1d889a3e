package import Foundation

/// Starts programs.
///
/// Foundation's `Process` reads past the end of a directory's buffer when it looks for open files, and with it this process
/// ends once it has some thousand files open.
package enum Spawn {
  /// Starts a process in a group of its own, with three streams and no other file of this one. Whoever starts it has to
  /// wait for its end.
  ///
  /// - Parameters:
  ///   - words: the path of a program, and its arguments.
  ///   - streams: descriptors of its standard input, output and errors; they stay open here.
  /// Errors: ``StageError`` where it cannot be started.
  package static func process(_ words: [String], _ environment: [String: String], _ streams: [Int32]) throws
    -> pid_t
  {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    // What this process ignores a program would ignore too.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
    }
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    let arguments = words.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var pid: pid_t = 0
    let failure = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
    guard failure == 0 else {
      throw StageError("cannot start '\(words[0])': \(String(cString: strerror(failure)))")
    }
    return pid
  }

  /// Waits for the end of a process that was started here, and gives its number free.
  /// - Returns: its status as `waitpid` has it; 0 where it was waited for already.
  @discardableResult
  package static func wait(for pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
