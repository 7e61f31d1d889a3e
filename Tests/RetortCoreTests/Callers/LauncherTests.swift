import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

struct LauncherTests {
  private func model(_ script: String) -> ModelSpec {
    var model = ModelSpec(alias: "local", name: "m")
    model.launch = ["/bin/sh", "-c", script]
    return model
  }

  private let transport = ScriptedTransport { _, before in HTTPResponse(status: before == 0 ? 503 : 200) }

  @Test func startsOnceAndWaitsUntilTheServerAnswers() async throws {
    let clock = JumpingClock()
    let launcher = Launcher(folder: URL(filePath: "/"), transport: transport, clock: clock)
    defer { launcher.stop() }
    let model = model(#"echo '{"base_url": "http://h/v1"}'; exec sleep 5"#)
    #expect(try await launcher.address(of: model) == "http://h/v1")
    #expect(try await launcher.address(of: model) == "http://h/v1")
    #expect(transport.requests.map(\.url) == ["http://h/v1/models", "http://h/v1/models"])
    #expect(clock.slept == [0.2])
  }

  @Test func aServerThatSaysSomethingElseIsRefused() async throws {
    let launcher = Launcher(folder: URL(filePath: "/"), transport: transport, clock: JumpingClock())
    defer { launcher.stop() }
    await #expect(
      throws: Halt.unready("expected {\"base_url\": …} as the first line of /bin/sh, found 'no model'")
    ) { try await launcher.address(of: model("echo no model")) }
  }

  @Test func aProgramThatIsNotThereIsNamed() async throws {
    let launcher = Launcher(
      folder: URL(filePath: "/nowhere", directoryHint: .isDirectory), transport: transport)
    var model = model("")
    model.launch = ["foo"]
    await #expect(
      throws: Halt.unready("expected a program at /nowhere/foo to launch for model 'local', found none")
    ) { try await launcher.address(of: model) }
  }

  @Test func aServerThatEndsSaysHow() async throws {
    let launcher = Launcher(folder: URL(filePath: "/"), transport: transport)
    defer { launcher.stop() }
    await #expect(
      throws: Halt.unready(
        "expected a server from /bin/sh for model 'local', it ended with status 3 before it said its address")
    ) { try await launcher.address(of: model("exit 3")) }
  }

  @Test func aServerIsGivenTheVariablesThatAreItsOwn() async throws {
    let launcher = Launcher(
      folder: URL(filePath: "/"), transport: transport, clock: JumpingClock(),
      environment: { ["OWN": $0.alias, "PATH": "/usr/bin:/bin"] })
    defer { launcher.stop() }
    let script = #"echo "{\"base_url\": \"http://$OWN/$(env | grep -c HOME)\"}"; exec sleep 5"#
    #expect(try await launcher.address(of: model(script)) == "http://local/0")
  }

  @Test func anInterruptionEndsTheWaitForAServerThatSaysNothing() async throws {
    let interruption = Interruption()
    let launcher = Launcher(folder: URL(filePath: "/"), transport: transport, interruption: interruption)
    defer { launcher.stop() }
    interruption.request()
    await #expect(throws: Halt.interrupted) { try await launcher.address(of: model("exec sleep 60")) }
  }

  @Test func whatAServerSaysHoldsNoKey() async throws {
    let launcher = Launcher(
      folder: URL(filePath: "/"), transport: transport, redaction: Redaction(["sk-123456789abc"]))
    defer { launcher.stop() }
    await #expect(
      throws: Halt.unready(
        "expected {\"base_url\": …} as the first line of /bin/sh, found 'with [key]'")
    ) { try await launcher.address(of: model("echo with sk-123456789abc")) }
  }

  @Test func aModelWithAnEndpointNeedsNoServer() async throws {
    var model = ModelSpec(alias: "t", name: "m")
    model.endpoint = "http://t/v1"
    let launcher = Launcher(folder: URL(filePath: "/"), transport: transport)
    #expect(try await launcher.address(of: model) == "http://t/v1")
  }
}
