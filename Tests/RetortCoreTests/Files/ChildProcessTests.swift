import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct ChildProcessTests {
  private func started(_ script: String, variables: [String: String] = [:]) async throws -> (
    child: ChildProcess, input: FileHandle, output: FileHandle
  ) {
    let (input, output) = (Pipe(), Pipe())
    let child = try await ChildProcess(
      "/bin/sh", ["-c", script, "sh", "an 'argument'"], in: URL(filePath: "/usr"), environment: variables,
      input: input.fileHandleForReading, output: output.fileHandleForWriting, errors: .nullDevice)
    return (child, input.fileHandleForWriting, output.fileHandleForReading)
  }

  private func said(_ output: FileHandle) throws -> String {
    String(decoding: try output.readToEnd() ?? Data(), as: UTF8.self)
  }

  @Test func itHasItsArgumentsFolderVariablesAndFiles() async throws {
    let spare = (0..<20).map { _ in FileHandle(forReadingAtPath: "/dev/null") }
    defer { withExtendedLifetime(spare) {} }
    let (child, input, output) = try await started(
      #"read word; echo "$1 $PWD $COLOUR $word"; ls /proc/self/fd | wc -l; exit 3"#,
      variables: ["COLOUR": "blue"])
    try input.write(contentsOf: Data("hello\n".utf8))
    // The three, and the folder that is listed.
    #expect(try said(output) == "an 'argument' /usr blue hello\n4\n")
    #expect(await child.ended() == .exited(3))
    #expect(child.status == .exited(3))
  }

  @Test func aSignalReachesWhatItStartedToo() async throws {
    let (child, input, output) = try await started("sleep 1000 & cat")
    child.signal(SIGKILL)
    #expect(await child.ended() == .killed(signal: SIGKILL))
    // Read to its end only once nobody writes any more.
    #expect(try said(output).isEmpty)
    try input.close()
  }

  @Test func aBrokenPipeEndsIt() async throws {
    let (child, input, output) = try await started("read word; echo late; exec cat /proc/self/status")
    try output.close()
    try input.write(contentsOf: Data("go\n".utf8))
    #expect(await child.ended() == .killed(signal: SIGPIPE))
  }

  @Test func aMissingProgramIsAnError() async {
    await #expect(throws: (any Error).self) {
      _ = try await ChildProcess(
        "/no/such/program", [], in: URL(filePath: "/"), environment: [:], input: .nullDevice,
        output: .nullDevice, errors: .nullDevice)
    }
  }
}
