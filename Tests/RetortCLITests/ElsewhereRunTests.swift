import Foundation
import Testing

@testable import RetortCLI
@testable import RetortReport
@testable import RetortRun
@testable import RetortStore

/// A run that the store says was made elsewhere.
@Suite struct ElsewhereRunTests {
  private let paper = Paper()

  private func run(_ desk: Desk, answering ask: (@Sendable () -> String?)? = nil) -> ElsewhereRun {
    let recorded = RecordedRun(
      id: 3, origin: 3, file: desk.folder.path + "/p.yaml", flags: [:], resolved: nil, status: "incomplete",
      isFromHere: false)
    return ElsewhereRun(
      run: recorded, flags: Flags(redo: [], set: ["answers.seed=1"]),
      shell: desk.shell(on: paper, answering: ask))
  }

  private let shown = """
    run 3 was made elsewhere: by another user, on another machine, or by an earlier version, which did not note it. To \
    resume it does what the store remembers:
      file: p.yaml
      --set answers.seed=1
      teacher: asks http://127.0.0.1:0/v1

    """

  @Test func whereNobodyCanBeAskedItMustBeSaid() async throws {
    let desk = try Desk()
    #expect(
      throws: CommandFailure.usage(
        "expected --yes to resume a run that was made elsewhere; or begin one of your own with `retort run FILE`"
      )
    ) { try run(desk).ask(yes: false) }
    try run(desk).ask(yes: true)
    #expect(desk.plain(paper.said) == shown + shown)
  }

  @Test func whoIsAskedDecides() async throws {
    let desk = try Desk()
    try run(desk, answering: { "Yes" }).ask(yes: false)
    #expect(desk.plain(paper.said) == shown + "resume it? [y/N] ")
    for answer in ["", "no", nil] {
      #expect(throws: CommandFailure.usage("run 3 was not resumed")) {
        try run(desk, answering: { answer }).ask(yes: false)
      }
    }
  }
}
