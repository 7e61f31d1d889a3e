internal import ArgumentParser
internal import Foundation
internal import OrderedCollections
internal import Retort

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what is done, what is to do and why; make no call.")
  @OptionGroup var fileOptions: FileOptions
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Print JSON.") var json = false

  func run() async throws {
    try await reporting {
      let plan = try await Plan.make(try fileOptions.read(), store: try Store(path: storeOptions.path))
      if json { return Terminal.print(try JSON(encoding: plan).text) }
      let rows = plan.stages.map { stage -> [JSON] in
        [
          .string(stage.stage), .int(Int64(stage.done)), .int(Int64(stage.todo)),
          .string(stage.waits ? "and what comes from upstream" : ""), .string(stage.reason),
        ]
      }
      Terminal.print(Table(columns: ["stage", "done", "to do", "", "why"], rows: rows), json: false)
    }
  }
}
