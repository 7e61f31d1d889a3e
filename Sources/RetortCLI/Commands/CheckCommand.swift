internal import ArgumentParser
internal import OrderedCollections
internal import RetortRun
internal import RetortStore

struct CheckCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check a pipeline file: every mistake at once, no call made.")
  @OptionGroup var fileOptions: FileOptions
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Check the files that its exports wrote against their manifests, too.")
  var exports = false
  @Flag(
    name: .long, help: "Ask every model for a token, too, as `doctor` does; exit 1 if one does not answer.")
  var endpoints = false

  func perform(in shell: Shell) async throws {
    let pipeline = try fileOptions.read(in: shell)
    do {
      try await storeOptions.looking(in: shell) {
        try await storeOptions.refuseObstacles(pipeline, RunOptions(), store: $0, in: shell)
      }
    } catch let error as StoreError {
      shell.terminal.complain("not checked, what stands where the exports write: \(error)")
    }
    shell.terminal.print(
      "\(fileOptions.file): \(Self.count(pipeline.stages.count, "stage")), "
        + "\(Self.count(pipeline.models.count, "model")), no mistake found"
    )
    for note in try Pipeline.trustNotes(
      on: shell.url(fileOptions.file), environment: shell.environment, settings: fileOptions.set)
    {
      shell.terminal.print("note: \(Terminal.safe(note))")
    }
    for note in pipeline.notes { shell.terminal.print("note: \(Terminal.safe(note.description))") }
    if exports { try report(ExportCheck(pipeline), in: shell) }
    if endpoints { try await DoctorCommand.examine(pipeline, in: shell) }
  }
}

extension CheckCommand {
  private func report(_ check: ExportCheck, in shell: Shell) throws {
    for export in check.whole {
      shell.terminal.print(
        "\(export.stage): \(export.rows) rows\(export.complete ? "" : ", incomplete"), as \(export.manifest) says"
      )
    }
    guard check.problems.isEmpty else {
      throw CommandFailure.cannotRun(check.problems.joined(separator: "\nerror: "))
    }
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
