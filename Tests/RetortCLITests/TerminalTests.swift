import ArgumentParser
import RetortCore
import RetortReport
import RetortRun
import RetortStore
import RetortStages
import Testing

@testable import RetortCLI

@Suite struct TerminalTests {
  @Test func aTableAlignsNumbersToTheRightAndCutsLongCells() {
    let table = Table(
      columns: ["stage", "in"], rows: [["questions", 8], ["a rather long name", 1200]])
    #expect(
      Terminal.lines(of: table, width: 10) == [
        "stage       in",
        "questions      8",
        "a rather …  1200",
      ])
  }

  @Test func controlCharactersOfModelOutputDoNotReachTheTerminal() {
    let table = Table(columns: ["text"], rows: [["red\u{1B}[31m\nnext"]])
    #expect(Terminal.lines(of: table) == ["text", "red[31m next"])
  }
}

@Suite struct RunFlagsTests {
  @Test func flagsSurviveBeingRecorded() throws {
    let flags = try RunFlags.parse([
      "--only", "parsed", "--redo", "parsed", "--set", "a.b=1", "--max-usd", "2.5",
    ])
    let recorded = try JSON(encoding: flags.values)
    #expect(
      recorded.text
        == #"{"limit":null,"only":"parsed","redo":["parsed"],"set":["a.b=1"],"maxUSD":2.5,"maxTokens":null,"#
        + #""retryRefused":null,"withheld":null}"#)
    let back = try recorded.decode(Flags.self)
    #expect(try JSON(encoding: back) == recorded)
  }

  @Test func ordersToTheTerminalAreTakenOut() {
    #expect(
      Terminal.harmless("a\tb\n\u{1B}]0;x\u{07}\u{9B}2J\u{7F}\rü")
        == "a\tb\n\u{FFFD}]0;x\u{FFFD}\u{FFFD}2J\u{FFFD}\u{FFFD}ü")
  }
}
