import Foundation
import OrderedCollections
import RetortCore
import Testing

@testable import RetortCLI

@Suite struct MeasureRewardsCommandTests {
  @Test func eachMethodHasItsSecondsAndItsNumbers() async throws {
    let desk = try Desk()
    for (name, numbers) in [
      "correct": [1, 0, 1, 1], "reward": [0.5, 0, 1, 0.25], "length": [10, 20, 30, 40], "mean": [1, 2, 3, 4],
      "sigma": [1, 1, 2, 2], "advantage": [0.5, -0.5, 1, -1],
      "logprobs": [-1, -1, -2, -2, -1, -1, -2, -2], "behaviour": [-1, -2, -1, -2, -1, -2, -1, -2],
    ] as [String: [Double]] {
      let data = numbers.withUnsafeBytes { Data($0) }
      try data.write(to: desk.folder.appending(path: name))
    }
    let typed = try await desk.type("measure-rewards . --group 2 --tokens 2 --times 1")
    #expect(try JSON(parsing: typed.printed).object?.keys.sorted() == ["gr3", "purm", "twyn", "vespo"])
    for name in ["gr3", "purm", "twyn", "vespo"] {
      #expect(try Data(contentsOf: desk.folder.appending(path: "\(name).out")).count == 4 * 8)
    }
    try await desk.expectCommand(
      "measure-rewards . --group 3", says: "error: correct: expected a multiple of 3 numbers, found 32 bytes",
      exits: 2)
    try await desk.expectCommand(
      "measure-rewards nowhere",
      says: "error: expected an array of numbers in 'nowhere/correct', found no file to read", exits: 1)
  }
}
