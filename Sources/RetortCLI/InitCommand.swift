internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStages

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a small project that runs: a pipeline file, data and a prompt. Overwrites nothing.")
  @Argument(help: "The folder. Default: the current one.") var folder = "."

  func run() async throws {
    try await reporting {
      let url = URL(filePath: folder, directoryHint: .isDirectory)
      try Scaffold.write(to: url)
      for (path, _) in Scaffold.files { Terminal.print("wrote \(url.appending(path: path).relativePath)") }
      let file = folder == "." ? "pipeline.yaml" : url.appending(path: "pipeline.yaml").relativePath
      let word = ShellWord(file)
      Terminal.print(
        "next: retort check \(word), then set RETORT_URL and RETORT_MODEL and retort run \(word)")
    }
  }
}
