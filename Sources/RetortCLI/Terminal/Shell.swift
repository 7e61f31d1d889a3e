internal import Foundation

/// What a command is typed into: where it prints, and what it finds around it.
struct Shell: Sendable {
  var terminal: Terminal
  var environment: [String: String]
  /// Where relative paths begin. Nil: in the folder of the process.
  var folder: URL?
  /// Seconds on a steady clock, by which a run's progress is told.
  var now: @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }

  /// That of the process.
  static var current: Shell {
    Shell(terminal: .standard, environment: ProcessInfo.processInfo.environment)
  }

  /// The file or folder that a typed path names.
  func url(_ path: String, directoryHint: URL.DirectoryHint = .inferFromPath) -> URL {
    URL(filePath: path, directoryHint: directoryHint, relativeTo: folder)
  }

  /// A typed path for what takes text.
  func path(_ path: String) -> String { folder == nil ? path : url(path).path }
}
