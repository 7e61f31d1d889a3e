internal import ArgumentParser
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

struct PlanCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say what is done, what is to do and why, and what it will cost; make no call.")
  @Argument(help: "The pipeline file.") var file: String
  @OptionGroup var flags: RunFlags
  @OptionGroup var storeOptions: StoreOptions
  @Flag(name: .long, help: "Print JSON.") var json = false

  func perform(in shell: Shell) async throws {
    let values = flags.values
    let pipeline = try Session.read(shell.url(file), values, in: shell)
    try Session.checkNames(values, pipeline)
    Session.tellPilot(values, pipeline, in: shell)
    let options = RunOptions(
      selection: values.selection, only: values.only, redo: Set(values.redo),
      redoTools: Set(values.redoTools ?? []),
      retryRefused: values.retryRefused ?? false)
    let (plan, forecast) = try await storeOptions.looking(in: shell) { store in
      try await storeOptions.refuseObstacles(pipeline, options, store: store, in: shell)
      let plan = try await Plan.make(pipeline, store: store, options: options)
      return (plan, try await Forecast.make(plan, of: pipeline, store: store))
    }
    for redo in plan.unfinishedRedos { shell.terminal.complain(redo.description) }
    if json {
      return shell.terminal.print(
        try JSON.object(["stages": JSON(encoding: plan.stages), "forecast": JSON(encoding: forecast)]).text)
    }
    (PlanPage.lines(plan, forecast) + PlanPage.lines(forecast, pipeline, values)).forEach(
      shell.terminal.print)
  }
}
