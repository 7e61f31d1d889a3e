internal import ArgumentParser
internal import RetortViewer

struct ViewCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "view",
    abstract: "Show the store in a browser: runs, rows, their lineage and calls, live while a run goes on.",
    discussion: "Serves pages to this machine alone (127.0.0.1), and only reads. Ctrl-C ends it.")
  @OptionGroup var storeOptions: StoreOptions
  @Option(name: .long, help: "The port to serve on; 0 for any that is free.") var port = 7000

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("expected --port from 0 to 65535, found \(port)")
    }
  }

  func perform(in shell: Shell) async throws {
    let viewer = try Viewer(storeOptions.openReading(in: shell))
    let path = storeOptions.name(in: shell)
    do {
      try await viewer.serve(port: port) { shell.terminal.print("\(path) is shown at \($0) (Ctrl-C ends)") }
    } catch let error as PortInUse { throw CommandFailure.cannotRun(error.description) }
  }
}
