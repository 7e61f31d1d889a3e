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

  @Test func aServerThatEndsBeforeItAnswersIsNotWaitedFor() async throws {
    let silent = ScriptedTransport { _, _ in throw ModelError(.unreachable, "off") }
    let launcher = Launcher(
      folder: URL(filePath: "/"), transport: silent, redaction: Redaction(["sk-123456789abc"]))
    defer { launcher.stop() }
    await #expect(
      throws: Halt.unready(
        "expected a server from /bin/sh for model 'local', it ended with status 7 before it answered at http://h/v1; "
          + "its last words: loading / Traceback: / no memory for [key]")
    ) {
      try await launcher.address(
        of: model(
          #"echo '{"base_url": "http://h/v1"}'; printf 'loading\n\n\nTraceback:\n' >&2; echo no memory for sk-123456789abc >&2; exit 7"#
        ))
    }
  }

  @Test func aServerThatEndedLaterIsNotAskedAnyMore() async throws {
    let launcher = Launcher(folder: URL(filePath: "/"), transport: transport, clock: JumpingClock())
    defer { launcher.stop() }
    let fifo = FileManager.default.temporaryDirectory.appending(path: "retort-fifo-\(UUID())").path
    #expect(mkfifo(fifo, 0o600) == 0)
    defer { try? FileManager.default.removeItem(atPath: fifo) }
    let model = model(#"echo '{"base_url": "http://h/v1"}'; read -r line <\#(fifo); echo gone >&2; exit 9"#)
    #expect(try await launcher.address(of: model) == "http://h/v1")
    try Data("end\n".utf8).write(to: URL(filePath: fifo))
    var ended: Halt?
    while ended == nil {
      do { _ = try await launcher.address(of: model) } catch { ended = error as? Halt }
    }
    #expect(
      ended
        == .unready(
          "expected a server from /bin/sh for model 'local', it ended with status 9; its last words: gone"))
  }

  /// From its start on, whatever it says meanwhile and whatever stands between.
  @Test func aServerHasOneBoundUntilItAnswers() async throws {
    let clock = JumpingClock()
    let loading = ScriptedTransport { request, before in
      clock.advance(request.timeout)
      if before.isMultiple(of: 2) { throw ModelError(.timeout, "no answer in time") }
      return HTTPResponse(status: 403, proxy: "p:1 of http_proxy")
    }
    let launcher = Launcher(folder: URL(filePath: "/"), transport: loading, clock: clock)
    defer { launcher.stop() }
    await #expect(
      throws: Halt.unready(
        "expected an answer from http://h/v1 within 300 seconds, got none; a 'timeout:' under models.local of more "
          + "seconds than that is waited for; the last try: HTTP 403 through the proxy p:1 of http_proxy")
    ) { try await launcher.address(of: model(#"echo '{"base_url": "http://h/v1"}'; exec sleep 5"#)) }
    #expect(clock.seconds >= 300 && clock.seconds < 300.5)
    // The next one that asks for it is not kept waiting as long again.
    await #expect(throws: Halt.self) {
      try await launcher.address(of: model(#"echo '{"base_url": "http://h/v1"}'; exec sleep 5"#))
    }
    #expect(clock.seconds < 300.5)
  }

  @Test func aServerThatListsNoModelsAnswersAllTheSame() async throws {
    let launcher = Launcher(
      folder: URL(filePath: "/"), transport: ScriptedTransport { _, _ in HTTPResponse(status: 501) },
      clock: JumpingClock())
    defer { launcher.stop() }
    let address = try await launcher.address(of: model(#"echo '{"base_url": "http://h/v1"}'; exec sleep 5"#))
    #expect(address == "http://h/v1")
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
