internal import ArgumentParser
internal import Foundation
internal import RetortRun
internal import RetortStore

@main
enum Main {
  static func main() async {
    // A reader that has gone away is an error of its write, and not the end of a run.
    signal(SIGPIPE, SIG_IGN)
    Signals.install()
    exit(await RetortCommand.perform(Array(CommandLine.arguments.dropFirst()), in: .current))
  }
}

struct RetortCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retort",
    abstract: "Distil a strong language model's reasoning into training data.",
    discussion: """
      A pipeline file names stages and how rows flow between them. `retort run FILE` performs what is not done yet; \
      everything it makes is kept in a SQLite store, so that running again pays for nothing twice.

      Exit status: 0 all rows accounted for and none failed; 1 the pipeline could not run; 2 a mistake in the \
      command line or the pipeline file; 3 finished with failed rows; 4 stopped by a budget; 5 parked, since an \
      endpoint kept refusing; 6 waiting for an answer from outside, as a person's; 130 interrupted. After 3, 4, 5, 6 and \
      130, `retort resume` goes on.
      """,
    version: "retort \(Version.number)",
    subcommands: [
      InitCommand.self, RunCommand.self, PlanCommand.self, ResumeCommand.self, CheckCommand.self,
      StagesCommand.self, ToolsCommand.self, ProvidersCommand.self, SchemaCommand.self, RunsCommand.self,
      ShowCommand.self,
      TraceCommand.self,
      WhyCommand.self, FailuresCommand.self, DiffCommand.self, ViewCommand.self, ReportCommand.self,
      ServeToolsCommand.self, EvaluateCommand.self, GCCommand.self, DoctorCommand.self,
      MeasureRewardsCommand.self,
    ])
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
    } catch CommandFailure.told {
      return 1
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
