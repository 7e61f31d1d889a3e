internal import ArgumentParser
internal import Foundation
internal import RetortStages

/// `retort measure-rewards`, which `tools/bench` runs beside numpy: times the formulas of the rewards on arrays that
/// are the same for both, and leaves what it computed for a comparison.
struct MeasureRewardsCommand: Command {
  static let configuration = CommandConfiguration(
    commandName: "measure-rewards",
    abstract: "Time the reward formulas on arrays; for the benchmark.",
    discussion: """
      FOLDER has files of 64-bit floats in the machine's byte order: correct, reward, length, mean, sigma and \
      advantage with a number for each rollout, logprobs and behaviour with --tokens numbers. Each method's numbers \
      go to a file of its name with the ending .out. Prints the least seconds of each method.
      """,
    shouldDisplay: false)

  @Argument(help: "Folder of the arrays.") var folder: String
  @Option(help: "Rollouts of a group.") var group = 8
  @Option(help: "Tokens of a rollout.") var tokens = 16
  @Option(help: "How often each method is run.") var times = 3

  func perform(in shell: Shell) throws {
    let seconds = try RewardTimes(
      folder: shell.url(folder, directoryHint: .isDirectory), group: group, tokens: tokens, times: times
    ).measured()
    shell.terminal.print(String(decoding: try JSONEncoder().encode(seconds), as: UTF8.self))
  }
}

private struct RewardTimes {
  let folder: URL
  let group: Int
  let tokens: Int
  let times: Int

  /// The least seconds of each method.
  func measured() throws -> [String: Double] {
    let flags = try groups("correct").map { $0.map { $0 == 1 } }
    let (rewards, lengths) = try (groups("reward"), groups("length"))
    let distributions = try zip(groups("mean"), groups("sigma")).map { means, sigmas in
      zip(means, sigmas).map { RewardDistribution(mean: $0, sigma: $1) }
    }
    let (current, behaviour) = try (array("logprobs", by: tokens), array("behaviour", by: tokens))
    let advantages = try array("advantage", by: 1).map { $0[0] }

    var seconds: [String: Double] = [:]
    seconds["twyn"] = try measure("twyn") {
      zip(flags, lengths).map { TWYN.verifiable(correct: $0, lengths: $1) }
    } numbers: {
      $0.flatMap { $0.advantages }
    }
    seconds["gr3"] = try measure("gr3") {
      zip(rewards, lengths).map { GR3.score(rewards: $0, lengths: $1, alpha: 0.33) }
    } numbers: {
      $0.flatMap { $0.advantages }
    }
    seconds["purm"] = try measure("purm") {
      distributions.map { group in
        zip(group, PURM.uncertainty(group)).map { PURM.penalized($0.mean, uncertainty: $1, lambda: 1) }
      }
    } numbers: {
      $0.flatMap { $0 }
    }
    seconds["vespo"] = try measure("vespo") {
      advantages.indices.map {
        VESPO.weight(logprobs: current[$0], behaviour: behaviour[$0], advantage: advantages[$0])
      }
    } numbers: {
      $0.map(\.weight)
    }
    return seconds
  }

  /// The least seconds of a method, whose numbers are written.
  private func measure<Result>(
    _ name: String, _ method: () -> Result, numbers: (Result) -> [Double]
  ) throws -> Double {
    var least = Double.infinity
    for turn in 0..<max(1, times) {
      let clock = ContinuousClock()
      let began = clock.now
      let result = method()
      least = min(least, (clock.now - began) / .seconds(1))
      guard turn == 0 else { continue }
      let data = numbers(result).withUnsafeBytes { Data($0) }
      try data.write(to: folder.appending(path: name + ".out"))
    }
    return least
  }

  private func groups(_ name: String) throws -> [[Double]] { try array(name, by: group) }

  private func array(_ name: String, by width: Int) throws -> [[Double]] {
    let file = folder.appending(path: name)
    let data: Data
    do { data = try Data(contentsOf: file) } catch {
      throw CommandFailure.cannotRun(
        "expected an array of numbers in '\(file.relativePath)', found no file to read")
    }
    guard width > 0, data.count.isMultiple(of: 8 * width) else {
      throw CommandFailure.usage(
        "\(name): expected a multiple of \(width) numbers, found \(data.count) bytes")
    }
    return data.withUnsafeBytes { bytes in
      let numbers = bytes.bindMemory(to: Double.self)
      return stride(from: 0, to: numbers.count, by: width).map { Array(numbers[$0..<$0 + width]) }
    }
  }
}
