/// A failure with the exit status that the outside relies on.
enum CommandFailure: Error, Hashable {
  case usage(String)
  case cannotRun(String)
  /// What is wrong has been printed.
  case told
}
