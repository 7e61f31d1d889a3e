internal import ArgumentParser
internal import Foundation
internal import RetortCore

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
      """
      next:
        retort check \(word)
        export RETORT_URL=http://127.0.0.1:8080/v1 RETORT_MODEL=teacher # your endpoint, and its model
        retort run \(word)
      """)
  }
}

/// The files of a new project: a pipeline that runs against any OpenAI-compatible endpoint.
enum Scaffold {
  static let files: [(path: String, text: String)] = [
    (
      "pipeline.yaml",
      """
      # Questions with known answers in; chains of thought that end in the right answer out.
      #
      #   retort check pipeline.yaml    every mistake at once, no call made
      #   retort plan pipeline.yaml     what is to do and what it may cost
      #   retort run pipeline.yaml      performs what is not done yet
      #
      # The endpoint may be any that speaks OpenAI's protocol. For one with a key, name the variable that holds it.
      models:
        teacher:
          endpoint: "${RETORT_URL:-http://127.0.0.1:8080/v1}"
          name: "${RETORT_MODEL:-teacher}"
          # api_key_env: OPENAI_API_KEY
          # price: { input: 2.50, output: 10.00 } # USD per million tokens, for plans and --max-usd
          concurrency: 8

      stages:
        questions: { uses: read-jsonl, with: { file: data/questions.jsonl, columns: [question, reference] } }
        tries:
          uses: generate
          from: questions
          with: { model: teacher, prompt: prompts/reason.mustache, samples: 2, temperature: 0.7, seed: 1 }
        parts: { uses: extract-tagged, from: tries, with: { column: reply, tags: [think, answer] } }
        checked: { uses: verify-answer, from: parts, with: { verifier: number } }
        right: { uses: filter, from: checked, with: { where: [{ column: correct, equals: true }] } }
        out: { uses: export-jsonl, from: right, with: { file: out/reasoning.jsonl, columns: [question, think, answer] } }

      """
    ),
    (
      "data/questions.jsonl",
      """
      {"question": "A train leaves at 9:40 and arrives at 11:15. How many minutes does it take?", "reference": "95"}
      {"question": "Three pens cost as much as two books. A book costs 6 euros. What does a pen cost?", "reference": "4"}
      {"question": "A tank holds 120 litres and is one third full. How many litres are missing?", "reference": "80"}
      {"question": "Ada is twice as old as Ben. In 5 years they are 40 together. How old is Ben?", "reference": "10"}

      """
    ),
    (
      "prompts/reason.mustache",
      """
      {{question}}

      Think step by step inside <think> and </think>. Then give the number alone inside <answer> and </answer>.

      """
    ),
    (".gitignore", ".retort/\nout/\n"),
  ]

  /// Writes the files under a folder, which is made if it is not there.
  ///
  /// Errors: ``CommandFailure/usage(_:)`` when one of them exists; nothing is written then.
  static func write(to folder: URL) throws {
    let targets = files.map { (url: folder.appending(path: $0.path), text: $0.text) }
    // A link to nothing is there too.
    let existing = zip(files, targets).filter {
      (try? FileManager.default.attributesOfItem(atPath: $0.1.url.path)) != nil
    }
    guard existing.isEmpty else {
      throw CommandFailure.usage(
        "expected no \(existing.map(\.0.path).joined(separator: ", ")) in \(folder.path), found it; nothing was "
          + "written; name another folder")
    }
    if let found = obstacle(at: folder) {
      throw CommandFailure.cannotRun(
        "expected a folder or nothing at '\(folder.relativePath)', found \(found); nothing was written")
    }
    for (url, text) in targets {
      do {
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url, options: .withoutOverwriting)
      } catch {
        let reason = (error as NSError).systemError.map { String(cString: strerror($0)) } ?? "\(error)"
        throw CommandFailure.cannotRun(
          "expected to write '\(url.relativePath)', found that it cannot be (\(reason))")
      }
    }
  }

  /// What stands where the folder should be, and is none.
  private static func obstacle(at folder: URL) -> String? {
    var isFolder: ObjCBool = false
    guard !FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      return isFolder.boolValue ? nil : "a file"
    }
    return (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path)).map {
      "a link to '\($0)', where nothing is"
    }
  }
}
