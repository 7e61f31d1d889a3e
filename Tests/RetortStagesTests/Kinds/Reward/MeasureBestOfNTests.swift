import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct MeasureBestOfNTests {
  @Test func makesAPointForEachProxyAndNumber() async throws {
    // In group a the proxy is right; in b, which is smaller, it is wrong.
    let rows: [JSON] = [
      ["group": "a", "correct": false, "p": 1, "q": 0], ["group": "b", "correct": true, "p": 1, "q": 0],
      ["group": "a", "correct": true, "p": 2, "q": 0], ["group": "b", "correct": 0, "p": 2, "q": 0],
      ["group": "a", "correct": false, "p": 0, "q": 0], ["group": "a", "correct": false, "p": -1, "q": 0],
    ]
    let stage = try MeasureBestOfN(.init(proxies: ["p", "q"], n: [4, 1, 2, 8]), in: Bench.nowhere)
    let answers = try await GroupAnswers(stage, rows)
    #expect(answers.made[0].map { $0.key } == stage.adds)
    #expect(answers.members.allSatisfy { Set($0) == Set(0..<6) })
    func column(_ name: String, of proxy: String) -> [Double?] {
      answers.made.filter { $0["proxy"] == .string(proxy) }.map { $0[name]?.number }
    }
    #expect(column("n", of: "p") == [1, 2, 4, 8])
    #expect(column("groups", of: "p") == [2, 2, 1, 0])
    #expect(column("verified", of: "p") == [0.375, 0.25, 1, nil])
    #expect(column("verified", of: "q") == [0.375, 0.375, 0.25, nil])
    #expect(column("best", of: "q") == [0.375, 0.75, 1, nil])
    #expect(column("proxy_reward", of: "q") == [0, 0, 0, nil])
    let replacing = column("verified_replacing", of: "p").compactMap { $0 }
    let expected = [1, 2, 4, 8].map { (n: Double) in ((1 - pow(0.75, n)) + pow(0.5, n)) / 2 }
    for (found, expected) in zip(replacing, expected) { #expect(abs(found - expected) < 1e-12) }
    #expect(column("divergence", of: "p") == [1, 2, 4, 8].map { BestOfN.divergence($0) })
  }

  @Test func namesWhatItCannotMeasure() async throws {
    let rows: [JSON] = [
      ["group": "a", "correct": nil, "p": 1], ["group": "a", "correct": true, "p": 1e300],
      ["group": "a", "correct": true], ["group": "a", "correct": true, "p": 1],
    ]
    let stage = try MeasureBestOfN(.init(proxies: ["p"]), in: Bench.nowhere)
    let answers = try await GroupAnswers(stage, rows)
    #expect(answers.made.isEmpty)
    #expect(
      rows.indices.map { answers.dropped[$0] } == [
        "answer unreadable", "bad reward", "bad reward", "group of one",
      ])
    let wrong = try MeasureBestOfN(.init(proxies: ["p"], n: [2], unread: .wrong), in: Bench.nowhere)
    #expect(try await GroupAnswers(wrong, rows).made.map { $0["verified"] } == [0.5])
    for config in [
      MeasureBestOfN.Config(proxies: []), .init(proxies: ["p"], n: [0]), .init(proxies: ["p"], n: []),
    ] {
      #expect(throws: StageError.self) { try MeasureBestOfN(config, in: Bench.nowhere) }
    }
  }
}
