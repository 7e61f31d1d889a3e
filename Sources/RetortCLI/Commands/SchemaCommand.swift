internal import ArgumentParser
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore
internal import RetortStages

struct SchemaCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of pipeline files, for editors.")

  func perform(in shell: Shell) async throws { shell.terminal.print(PipelineSchema.json(.standard).text) }
}
