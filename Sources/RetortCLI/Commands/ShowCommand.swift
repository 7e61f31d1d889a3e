internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

struct ShowCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the rows of a stage, or one row in full.")
  @Argument(help: "A stage's name, or a row's identifier (r_…).") var target: String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions
  @Option(name: .long, help: "How many rows at most.") var limit = 5

  func perform(in shell: Shell) async throws {
    let store = try storeOptions.openReading(in: shell)
    let found: Table
    if target.hasPrefix("r_") {
      found = try await store.inspector.row(target)
    } else {
      // One more than is shown tells whether there are more.
      found = try await store.inspector.rows(
        of: target, run: try await lookOptions.resolve(in: store), limit: limit + 1)
    }
    guard !found.rows.isEmpty else {
      throw CommandFailure.usage("expected a stage or a row with rows to show, found none for '\(target)'")
    }
    let json = found.columns.count - 1
    for row in found.rows.prefix(limit) {
      guard case .string(let text) = row[json] else { continue }
      if lookOptions.json {
        shell.terminal.print(
          JSON.object(["row": row[0], "columns": try JSON(parsing: text)]).text)
      } else {
        shell.terminal.print("\(row[0].string ?? "")")
        for (name, value) in try JSON(parsing: text).object ?? [:] {
          shell.terminal.print(Terminal.harmless("  \(name): \(value.string ?? value.text)"))
        }
      }
    }
    if found.rows.count > limit { shell.terminal.complain("there are more; see them with --limit") }
  }

  func validate() throws {
    guard limit >= 1 else { throw ValidationError("expected --limit of at least 1, found \(limit)") }
  }
}
