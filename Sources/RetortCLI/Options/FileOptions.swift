internal import ArgumentParser
internal import Foundation
internal import RetortReport
internal import RetortRun
internal import RetortStore
internal import RetortStages

/// The pipeline file and what may be changed in it from the command line.
struct FileOptions: ParsableArguments {
  @Argument(help: "The pipeline file.") var file: String
  @Option(name: .long, help: "Set a key of the file: stages.rationale.with.samples=8.") var set: [String] = []

  func read(in shell: Shell) throws -> Pipeline {
    let pipeline = try Pipeline.read(
      shell.url(file), catalog: .standard, environment: shell.environment, settings: set)
    shell.terminal.warn(pipeline.warnings)
    return pipeline
  }
}
