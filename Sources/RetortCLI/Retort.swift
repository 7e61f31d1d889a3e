internal import ArgumentParser
internal import Foundation

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
      endpoint kept refusing; 130 interrupted. After 3, 4, 5 and 130, `retort resume` goes on.
      """,
    subcommands: [
      InitCommand.self,
      Run.self, PlanCommand.self, Resume.self, Check.self, Stages.self, Schema.self, Runs.self, Show.self,
      Trace.self, WhyCommand.self, Failures.self, DiffCommand.self, ViewCommand.self, ReportCommand.self,
      Collect.self, Doctor.self, MeasureRewards.self,
    ])
}
