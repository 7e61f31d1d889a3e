package import Foundation
internal import RetortCore

/// Programs that tests ask.
package enum Program {
  /// All that a program writes, on both of its outputs. Errors: where it cannot be started.
  /// - Parameter words: a program that is found on the `PATH`, and its arguments.
  package static func output(of words: [String]) throws -> (data: Data, status: Int32) {
    let said = Pipe()
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    let end = said.fileHandleForWriting
    let pid = try Spawn.process(
      ["/usr/bin/env"] + words, ProcessInfo.processInfo.environment,
      [null, end.fileDescriptor, end.fileDescriptor])
    try end.close()
    let data = try said.fileHandleForReading.readToEnd() ?? Data()
    return (data, Spawn.wait(for: pid))
  }
}
