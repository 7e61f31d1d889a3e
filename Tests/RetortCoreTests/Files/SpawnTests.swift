import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct SpawnTests {
  private func started(_ script: String, variables: [String: String] = [:]) throws -> (
    pid: pid_t, input: FileHandle, output: FileHandle
  ) {
    let (input, output) = (Pipe(), Pipe())
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    let pid = try Spawn.process(
      ["/bin/sh", "-c", script, "sh", "an 'argument'"], variables,
      [input.fileHandleForReading.fileDescriptor, output.fileHandleForWriting.fileDescriptor, null])
    try input.fileHandleForReading.close()
    try output.fileHandleForWriting.close()
    return (pid, input.fileHandleForWriting, output.fileHandleForReading)
  }

  private func said(_ output: FileHandle) throws -> String {
    String(decoding: try output.readToEnd() ?? Data(), as: UTF8.self)
  }

  @Test func itHasItsArgumentsVariablesAndFiles() throws {
    let spare = (0..<20).map { _ in FileHandle(forReadingAtPath: "/dev/null") }
    defer { withExtendedLifetime(spare) {} }
    let (pid, input, output) = try started(
      #"read word; echo "$1 $COLOUR $word"; ls /proc/self/fd | wc -l; exit 3"#, variables: ["COLOUR": "blue"])
    try input.write(contentsOf: Data("hello\n".utf8))
    // The three, and the folder that is listed.
    #expect(try said(output) == "an 'argument' blue hello\n4\n")
    #expect(Spawn.wait(for: pid) == 3 << 8)
  }

  @Test func itHasAGroupOfItsOwn() throws {
    let (pid, input, output) = try started("sleep 1000 & cat")
    kill(-pid, SIGKILL)
    #expect(Spawn.wait(for: pid) == SIGKILL)
    // Read to its end only once nobody writes any more.
    #expect(try said(output).isEmpty)
    try input.close()
  }

  @Test func aBrokenPipeEndsIt() throws {
    let (pid, input, output) = try started("read word; echo late; exec cat /proc/self/status")
    try output.close()
    try input.write(contentsOf: Data("go\n".utf8))
    #expect(Spawn.wait(for: pid) == SIGPIPE)
  }

  @Test func aMissingProgramIsAnError() {
    #expect(throws: StageError("cannot start '/no/such/program': No such file or directory")) {
      _ = try Spawn.process(["/no/such/program"], [:], [0, 1, 2])
    }
  }
}
