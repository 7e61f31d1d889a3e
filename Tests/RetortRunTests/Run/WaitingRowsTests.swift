import Testing

@testable import RetortRun

struct WaitingRowsTests {
  @Test func rowsAreCountedByWhatTheyWaitFor() {
    var waiting = WaitingRows()
    #expect(waiting.words == nil)
    for (rows, what) in [(2, "a verdict"), (1, "a file"), (3, "a verdict")] {
      waiting.add(rows, of: "reviewed", for: what)
    }
    #expect(waiting.words == "5 rows of reviewed wait for a verdict; 1 row of reviewed waits for a file")
  }
}
