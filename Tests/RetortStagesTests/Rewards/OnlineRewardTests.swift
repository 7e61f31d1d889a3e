import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// The module for online rewards says what the formulas say.
struct OnlineRewardTests {
  @Test func pythonAgreesOnTenThousandRandomGroups() async throws {
    var random = SplitMix64(seed: 25_040_323_4)
    let file = try Bench.folder().appending(path: "scored.jsonl")
    let ledger = MemoryLedger()
    let writer = try await JSONLWriter(ExportTarget(file), in: ledger)
    for group in 0..<10_000 { try write(group, &random, to: writer) }
    _ = try writer.seal()
    try await OwnFiles(ledger).put([writer.file])
    #expect(try compare(file).hasPrefix("ok: 10000 groups of "))
  }

  @Test func aDifferenceIsFound() async throws {
    var random = SplitMix64(seed: 1)
    let file = try Bench.folder().appending(path: "scored.jsonl")
    let ledger = MemoryLedger()
    let writer = try await JSONLWriter(ExportTarget(file), in: ledger)
    try write(0, &random, to: writer, off: 1e-6)
    _ = try writer.seal()
    try await OwnFiles(ledger).put([writer.file])
    #expect(try compare(file).contains("group 0, gr3_advantage: retort has"))
  }

  private func write(
    _ group: Int, _ random: inout SplitMix64, to writer: JSONLWriter, off: Double = 0
  ) throws {
    let size = 2 + random.below(7)
    let longest = [3, 50, 4000][random.below(3)]
    let isGraded = random.below(2) == 0
    let correct = (0..<size).map { _ in random.below(2) == 0 }
    let lengths = (0..<size).map { _ in Double(1 + random.below(longest)) }
    let rewards = (0..<size).map { _ in Double(random.below(isGraded ? 1_000_001 : 2)) / (isGraded ? 1e6 : 1)
    }
    let twyn = TWYN.verifiable(correct: correct, lengths: lengths)
    let bare = TWYN.verifiable(
      correct: correct, lengths: lengths, alpha: 3, beta: 0.5, anchors: false, norm: .populationStd)
    let gr3 = GR3.score(rewards: rewards, lengths: lengths, alpha: 0.33)
    let verdicts = (0..<size).map { _ in (0..<size).map { _ in random.below(3) - 1 } }
    let malformed = (0..<size).map { _ in random.below(4) == 0 }
    let fuzzy = TWYN.fuzzy(
      verdicts: { verdicts[$0][$1] }, lengths: lengths, wellFormed: malformed.map { !$0 })
    let known = Double(group % 7 - 3)
    let relative = GR3.score(
      rewards: rewards.map { GR3.relative($0, to: known) }, lengths: lengths, alpha: 0.00133)
    for index in 0..<size {
      try writer.write([
        "known": .double(known), "relative_reward": .double(relative.rewards[index]),
        "relative_advantage": .double(relative.advantages[index]), "aside": .bool(gr3.allMax),
        "aside_advantage": .double(gr3.setAside.advantages[index]), "malformed": .bool(malformed[index]),
        "verdicts": .array(verdicts[index].map { .int(Int64($0)) }),
        "fuzzy_score": .double(fuzzy.scores[index]), "fuzzy_advantage": .double(fuzzy.advantages[index]),
        "group": .int(Int64(group)), "correct": .bool(correct[index]), "length": .double(lengths[index]),
        "reward": .double(rewards[index]), "twyn_score": .double(twyn.scores[index]),
        "twyn_advantage": .double(twyn.advantages[index]), "bare_score": .double(bare.scores[index]),
        "bare_advantage": .double(bare.advantages[index]), "gr3_scale": .double(gr3.scales[index]),
        "gr3_reward": .double(gr3.rewards[index]), "gr3_advantage": .double(gr3.advantages[index] + off),
      ])
    }
  }

  /// What the comparison prints, complaints included.
  private func compare(_ file: URL) throws -> String {
    let tool = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../tools/rewards/agree")
    let said = try Program.output(of: ["python3", tool.path, "--scored", file.path]).data
    return String(decoding: said, as: UTF8.self)
  }
}
