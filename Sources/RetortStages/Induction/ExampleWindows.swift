internal import RetortCore

/// Which labelled examples an instruction is written from.
package enum ExampleChoice: String, Codable, Hashable, Sendable, CaseIterable {
  /// Every candidate from the same first ones.
  case first
  /// Each candidate from the next ones, so that the candidates together see all of them.
  case rotate
}

/// Which instruction is chosen.
package enum InstructionSelection: String, Codable, Hashable, Sendable, CaseIterable {
  /// Mean token probability and preference alone, as Reversal of Thought has it (arXiv 2410.12323).
  case paper
  /// Ours: the mean of that, of the trial and of the gold outputs' likelihood, as far as they were measured.
  case mixed
}

/// Which examples each candidate is written from and which it is tried on, as positions from 0.
struct ExampleWindows: Hashable, Sendable {
  private(set) var written: [Range<Int>] = []
  private let count: Int
  private let heldOut: Int

  /// - Parameters:
  ///   - count: how many examples there are, at least 1.
  ///   - shots: examples a candidate is written from; nil for as many as it takes to show all of them, at least 2.
  init(_ choice: ExampleChoice, count: Int, candidates: Int, shots: Int?, heldOut: Int) {
    self.count = count
    self.heldOut = heldOut
    let width: Int
    switch choice {
    case .first: width = min(shots ?? 2, count)
    case .rotate: width = min(shots ?? max(2, (count + candidates - 1) / candidates), count)
    }
    written = (0..<candidates).map { candidate in
      let start = choice == .rotate ? candidate * width % count : 0
      return start..<(start + width)
    }
  }

  /// Positions in the order shown; a window past the last example goes on with the first.
  func shown(to candidate: Int) -> [Int] { written[candidate].map { $0 % count } }

  /// The next ones after those it was written from.
  func tried(by candidate: Int) -> [Int] {
    let window = written[candidate]
    return (0..<min(heldOut, count - window.count)).map { (window.upperBound + $0) % count }
  }

  /// How many of the examples some candidate was written from.
  var seen: Int { Set(written.indices.flatMap(shown(to:))).count }
}
