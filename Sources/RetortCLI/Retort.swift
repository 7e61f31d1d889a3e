import ArgumentParser

@main
struct RetortCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retort",
    abstract: "Distil a strong language model's reasoning into training data.")
}
