internal import ArgumentParser

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
