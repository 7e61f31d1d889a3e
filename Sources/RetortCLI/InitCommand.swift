internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStages

struct InitCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a small project that runs: a pipeline file, data and a prompt. Overwrites nothing.")
  @Argument(help: "The folder. Default: the current one.") var folder = "."

  func perform(in shell: Shell) async throws {
    let url = shell.url(folder, directoryHint: .isDirectory)
    try Scaffold.write(to: url)
    for (path, _) in Scaffold.files {
      shell.terminal.print("wrote \(url.appending(path: path).relativePath)")
    }
    let file = folder == "." ? "pipeline.yaml" : url.appending(path: "pipeline.yaml").relativePath
    let word = ShellWord(file)
    shell.terminal.print(
      "next: retort check \(word), then set RETORT_URL and RETORT_MODEL and retort run \(word)")
  }
}
