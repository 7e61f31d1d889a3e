internal import ArgumentParser
internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore
internal import RetortViewer

struct ServeToolsCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "serve-tools",
    abstract:
      "Offer a pipeline file's tools to other programs, as trainers, over the Model Context Protocol.",
    discussion: """
      Schemas, answers and faults are those that a rollout gets, and what is answered is remembered in the store. Speaks on \
      standard input and output until the input ends; with --port over streamable HTTP, to this machine alone. What the \
      tools look into is read first; where a model would have to be asked for it, `retort run FILE --only STAGE` has to be \
      done before.
      """)
  @OptionGroup var fileOptions: FileOptions
  @OptionGroup var storeOptions: StoreOptions
  @Option(name: .long, help: "Serve on this port of 127.0.0.1 instead; 0 for any that is free.") var port:
    Int?

  func validate() throws {
    guard (0...65535).contains(port ?? 0) else {
      throw ValidationError("expected --port from 0 to 65535, found \(port ?? 0)")
    }
  }

  func perform(in shell: Shell) async throws {
    let pipeline = try fileOptions.read(in: shell)
    guard !pipeline.tools.isEmpty else {
      throw CommandFailure.usage("expected a file with tools, found none in \(fileOptions.file)")
    }
    let store = try Store(path: storeOptions.path(in: shell))
    let endpoints = Endpoints(of: pipeline, shell.environment, Interruption())
    defer { endpoints.stop() }
    let engine = Engine(
      pipeline, store: store,
      models: endpoints.models(
        memory: store.replies, images: store.images, budget: Budget(), gauge: CallGauge(), say: { _ in }),
      servers: endpoints.servers, environment: shell.environment)
    let toolbox: Toolbox
    do {
      toolbox = try await engine.toolbox(for: "serve-tools", say: { shell.terminal.complain($0) })
    } catch let halt as Halt { throw CommandFailure.cannotRun(halt.message) }
    let host = { @Sendable (client: String) in MCPHost(toolbox, client: client) }
    guard let port else {
      return await Self.serve(lines: Self.standardInput(), by: host(UUID().uuidString), shell.terminal.print)
    }
    do {
      try await ToolPort(host).serve(port: port) {
        shell.terminal.print("the tools are served at \($0) (Ctrl-C ends)")
      }
    } catch let error as PortInUse { throw CommandFailure.cannotRun(error.description) }
  }

  /// Answers each line, at once where it may be; returns when all of them are.
  static func serve(
    lines: AsyncStream<Data>, by host: MCPHost, _ print: @escaping @Sendable (String) -> Void
  ) async {
    await withDiscardingTaskGroup { group in
      for await line in lines where line.contains(where: { $0 > 0x20 }) {
        let answer = await host.begin(line)
        group.addTask { if let answer = await answer.value { print(answer.text) } }
      }
    }
    host.end()
  }

  /// Lines of standard input; one that is too long ends it.
  private static func standardInput() -> AsyncStream<Data> {
    AsyncStream { lines in
      let thread = Thread {
        var line = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while line.count <= mostBytes {
          let count = read(STDIN_FILENO, &buffer, buffer.count)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { break }
          let piece = buffer[..<count]
          var parts = piece.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
          while let part = parts.popFirst() {
            line.append(contentsOf: part)
            guard !parts.isEmpty else { break }
            lines.yield(line)
            line = Data()
          }
        }
        if line.count <= mostBytes { lines.yield(line) }
        lines.finish()
      }
      thread.name = "retort-input"
      thread.start()
    }
  }

  private static let mostBytes = 4 << 20
}
