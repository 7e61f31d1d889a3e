internal import ArgumentParser
internal import Retort

/// A command of retort, which does all that it does in the shell that it is given.
protocol Command: AsyncParsableCommand {
  /// Errors: ``CommandFailure`` and `ExitCode` for the exit status that they stand for, ``PipelineErrors`` for 2, any
  /// other for 1.
  func perform(in shell: Shell) async throws
}

extension Command {
  /// For the parser, which knows no shell.
  func run() async throws { try await perform(in: .current) }
}

/// A failure with the exit status that the outside relies on.
enum CommandFailure: Error, Hashable {
  case usage(String)
  case cannotRun(String)
}

extension RetortCommand {
  /// Does what was typed after `retort`, prints what went wrong, and returns the exit status.
  static func perform(_ words: [String], in shell: Shell) async -> Int32 {
    do {
      var typed = try parseAsRoot(words)
      guard let command = typed as? any Command else {
        // Help, a completion script and the like are the parser's own.
        if var own = typed as? any AsyncParsableCommand { try await own.run() } else { try typed.run() }
        return 0
      }
      return await perform(command, in: shell)
    } catch { return tell(error, in: shell) }
  }

  private static func perform(_ command: any Command, in shell: Shell) async -> Int32 {
    func fail(_ message: String, _ status: Int32) -> Int32 {
      shell.terminal.complain(message)
      return status
    }
    do {
      try await command.perform(in: shell)
      return 0
    } catch let code as ExitCode {
      return code.rawValue
    } catch let errors as PipelineErrors {
      return fail(errors.description, 2)
    } catch CommandFailure.usage(let message) {
      return fail("error: \(message)", 2)
    } catch CommandFailure.cannotRun(let message) {
      return fail("error: \(message)", 1)
    } catch { return fail("error: \(error)", 1) }
  }

  /// What the parser says of an error, or of what is none, such as `--help`.
  private static func tell(_ error: any Error, in shell: Shell) -> Int32 {
    let code = exitCode(for: error)
    let message = fullMessage(for: error, columns: shell.terminal.columns)
    if !message.isEmpty {
      if code.isSuccess { shell.terminal.print(message) } else { shell.terminal.complain(message) }
    }
    return code == .validationFailure ? 2 : code.rawValue
  }
}
