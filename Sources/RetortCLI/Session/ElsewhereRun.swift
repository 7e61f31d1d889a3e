internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// A run that another user or another machine made, or a version that did not note it: what the store remembers of it
/// may start programs and send keys, and is shown before any of it is done.
struct ElsewhereRun {
  let run: RecordedRun
  let flags: Flags
  let shell: Shell

  /// What would be done, so that somebody can say whether it may.
  func lines() throws -> [String] {
    var lines = [
      "run \(run.id) was made elsewhere: by another user, on another machine, or by an earlier version, which did not "
        + "note it. To resume it does what the store remembers:",
      "  file: \(run.file)",
    ]
    lines += flags.set.map { "  --set \($0)" }
    let pipeline = try read()
    for model in pipeline.models.values {
      let header = model.keyHeader.map { " as the header \($0)" } ?? ""
      let facts = [
        model.launch.map { "launches \(JSON.array($0.map { .string($0) }).text)" },
        model.endpoint.map { "asks \($0.prefix { $0 != "?" && $0 != "#" })" },
        model.apiKeyEnv.map { "sends the key in \($0)\(header)" },
        Self.sent(model.headersEnv.map { "\($0.value) as the header \($0.key)" }, "what is in"),
        Self.sent(Array(model.headers.keys), "the headers"),
      ]
      lines.append("  \(model.alias): \(facts.compactMap { $0 }.joined(separator: ", "))")
    }
    lines += pipeline.tools.compactMap(\.server).map(Self.line(on:))
    return lines.map(Terminal.safe)
  }

  private static func line(on server: ToolServer) -> String {
    let place =
      switch server.place {
      case .launch(let program, _): "launches \(JSON.array(program.words.map { .string($0) }).text)"
      case .url(let url): "asks \(url)"
      }
    return "  \(server.name): \(place)" + (server.keyEnv.map { ", sends the key in \($0)" } ?? "")
  }

  private static func sent(_ what: [String], _ words: String) -> String? {
    what.isEmpty ? nil : "sends \(words) \(what.sorted().joined(separator: ", "))"
  }

  private func read() throws -> Pipeline {
    try Self.mustBeAFile(run.file)
    return try Session.read(URL(filePath: run.file), flags, in: shell)
  }

  /// What a store names may be anything: a pipe would be waited for without end.
  static func mustBeAFile(_ path: String) throws {
    let file = URL(filePath: path).resolvingSymlinksInPath()
    guard (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true else {
      throw CommandFailure.usage("expected the run's pipeline file at '\(path)', found no regular file")
    }
  }

  /// Shows what would be done, and returns when it may be. Errors: ``CommandFailure`` when it may not.
  func ask(yes: Bool) throws {
    for line in try lines() { shell.terminal.complain(line) }
    if yes { return }
    guard let answer = shell.terminal.ask else {
      throw CommandFailure.usage(
        "expected --yes to resume a run that was made elsewhere; or begin one of your own with `retort run FILE`"
      )
    }
    shell.terminal.tell("resume it? [y/N] ")
    guard ["y", "yes"].contains(answer()?.lowercased() ?? "") else {
      throw CommandFailure.usage("run \(run.id) was not resumed")
    }
  }
}
