internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStages

struct Runs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List the runs in the store, newest first.")
  @OptionGroup var storeOptions: StoreOptions
  @Option(name: .long, help: "How many at most.") var limit = 20
  @Flag(name: .long, help: "Print JSON.") var json = false

  func run() async throws {
    try await reporting {
      Terminal.print(try await storeOptions.openReading().runs(limit: limit), json: json)
    }
  }
}

struct Show: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show the rows of a stage, or one row in full.")
  @Argument(help: "A stage's name, or a row's identifier (r_…).") var target: String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions
  @Option(name: .long, help: "How many rows at most.") var limit = 5

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openReading()
      let found: Table
      if target.hasPrefix("r_") {
        found = try await store.row(target)
      } else {
        // One more than is shown tells whether there are more.
        found = try await store.rows(
          of: target, run: try await lookOptions.resolve(in: store), limit: limit + 1)
      }
      guard !found.rows.isEmpty else {
        throw CommandFailure.usage("expected a stage or a row with rows to show, found none for '\(target)'")
      }
      let json = found.columns.count - 1
      for row in found.rows.prefix(limit) {
        guard case .string(let text) = row[json] else { continue }
        if lookOptions.json {
          Terminal.print(
            JSON.object(["row": row[0], "columns": try JSON(parsing: text)]).text)
        } else {
          Terminal.print("\(row[0].string ?? "")")
          for (name, value) in try JSON(parsing: text).object ?? [:] {
            Terminal.print(Terminal.harmless("  \(name): \(value.string ?? value.text)"))
          }
        }
      }
      if found.rows.count > limit { Terminal.complain("there are more; see them with --limit") }
    }
  }

  func validate() throws {
    guard limit >= 1 else { throw ValidationError("expected --limit of at least 1, found \(limit)") }
  }
}

struct Trace: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a row both ways: what it was made from, what became of it, and what each step cost.")
  @Argument(help: "A row's identifier (r_…).") var row: String
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openReading()
      let run = try await lookOptions.resolve(in: store)
      let found = try await store.trace(row, run: run)
      guard !found.rows.isEmpty else {
        throw CommandFailure.usage("expected a row of the run, found none for '\(row)'")
      }
      if lookOptions.json { return Terminal.print(found, json: true) }
      var sets: OrderedDictionary<String, [String]> = [:]
      for stage in TracePage.sets(of: found) {
        sets[stage] = try await store.rows(of: stage, run: run, limit: 2).rows.compactMap { $0[0].string }
      }
      TracePage.lines(found, sets: sets, run: lookOptions.run).forEach(Terminal.print)
    }
  }
}

struct Failures: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show what failed, grouped by stage and message.")
  @OptionGroup var storeOptions: StoreOptions
  @OptionGroup var lookOptions: LookOptions

  func run() async throws {
    try await reporting {
      let store = try storeOptions.openReading()
      Terminal.print(
        try await store.failures(run: try await lookOptions.resolve(in: store)), json: lookOptions.json)
    }
  }
}
