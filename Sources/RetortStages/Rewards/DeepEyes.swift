internal import RetortCore

/// The rewards of DeepEyes (arXiv 2505.14362, `vl_agent.py` of its repository) and DeepEyesV2 (arXiv 2511.05271,
/// `deepeyesv2.py`), of a whole trajectory as one text. Where the papers and their code differ, this is the code.
package enum DeepEyes {
  package enum Version: String, Codable, Hashable, Sendable, CaseIterable {
    case first = "deepeyes"
    case second = "deepeyes-v2"
  }

  /// What a row asks for: each has a form of its own.
  package enum Task: String, Codable, Hashable, Sendable, CaseIterable {
    /// Charts too.
    case perception
    /// The second version's "reason".
    case maths
    /// Only the second version has it.
    case search
  }

  /// What the trajectory came to. Tags and markers are counted over all of it, results included.
  package struct Trajectory: Hashable, Sendable {
    package let text: String
    /// Whether a tool gave an image back.
    package let hasSeen: Bool
    /// Whether a search was called.
    package let hasSearched: Bool

    package init(text: String, hasSeen: Bool, hasSearched: Bool) {
      self.text = text
      self.hasSeen = hasSeen
      self.hasSearched = hasSearched
    }

    /// As the authors' templates write it: an image between its markers, a search as `<tool_call>`.
    package init(text: String) {
      self.init(
        text: text, hasSeen: text.contains(Self.imageStart), hasSearched: text.contains("<tool_call>"))
    }

    static let imageStart = "<|vision_start|><|image_pad|>"
    static let imageEnd = "<|image_pad|><|vision_end|>"
  }

  package struct Score: Hashable, Sendable {
    package var reward: Double
    /// 0 to 1; 0 where the form says that no answer was given.
    package var accuracy: Double
    /// -1 or 0 in the first version, 0 or 1 in the second.
    package var format: Double
    /// 1 for a bonus that was paid, -1 for a search that cost something, else 0.
    package var tool: Double
  }

  /// The answer's length in Unicode scalars from which on it counts as an attempt to please the judge.
  private static let (mostOfFirst, mostOfSecond) = (1000, 300)

  /// - Parameter accuracy: of the answer, 0 to 1, as a judge or a rule saw it.
  package static func score(
    _ trajectory: Trajectory, version: Version, task: Task, accuracy: Double
  ) -> Score {
    switch (version, task) {
    case (.first, .maths): firstMaths(trajectory.text, accuracy)
    case (.first, _): firstPerception(trajectory, accuracy)
    case (.second, _): second(trajectory, task, accuracy)
    }
  }

  /// 0.8 accuracy + 0.2 format in {0, -1} + 1.2 where an image came back and the answer is right.
  private static func firstPerception(_ trajectory: Trajectory, _ accuracy: Double) -> Score {
    let text = trajectory.text
    let answer = first(of: "</answer>", in: last(of: "<answer>", in: text))
    let isLong = scalars(answer) >= mostOfFirst
    let isWhole =
      isBalanced("think", in: text)
      && count(Trajectory.imageStart, in: text) == count(Trajectory.imageEnd, in: text)
      && isBalanced("answer", in: last(of: "</think>", in: text)) && !isLong
    let accuracy = isLong ? 0 : accuracy
    let bonus: Double = trajectory.hasSeen && accuracy > 0.5 ? 1 : 0
    let format: Double = isWhole ? 0 : -1
    return Score(
      reward: 0.8 * accuracy + 0.2 * format + 1.2 * bonus, accuracy: accuracy, format: format, tool: bonus)
  }

  /// 1.2 accuracy + 0.4 format in {0, -1}: one box after the thought. No length, no bonus.
  private static func firstMaths(_ text: String, _ accuracy: Double) -> Score {
    let boxes = count(ofBoxesIn: last(of: "</think>", in: text))
    let accuracy = boxes == 0 ? 0 : accuracy
    let format: Double = boxes == 1 && isBalanced("think", in: text) ? 0 : -1
    return Score(reward: 1.2 * accuracy + 0.4 * format, accuracy: accuracy, format: format, tool: 0)
  }

  /// 0.8 accuracy + 0.2 format in {0, 1}; a search takes a tenth of the accuracy in its form. No bonus for tools.
  private static func second(_ trajectory: Trajectory, _ task: Task, _ accuracy: Double) -> Score {
    // A template that opened the thought leaves the opening out.
    let text = trajectory.text.hasPrefix("<think>") ? trajectory.text : "<think>" + trajectory.text
    let closing = last(of: "</think>", in: text)
    let answer =
      closing.contains("<answer>") ? first(of: "</answer>", in: after("<answer>", in: closing)) : nil
    let isLong = task != .maths && answer.map(scalars) ?? 0 >= mostOfSecond
    let isWhole =
      answer != nil && !isLong
      && ["think", "answer", "code", "tool_call"].allSatisfy { isBalanced($0, in: text) }
    let accuracy = answer == nil || isLong ? 0 : accuracy
    let format: Double = isWhole ? 1 : 0
    let isTaxed = task == .search && trajectory.hasSearched
    return Score(
      reward: 0.8 * accuracy * (isTaxed ? 0.9 : 1) + 0.2 * format, accuracy: accuracy, format: format,
      tool: isTaxed ? -1 : 0)
  }

  // MARK: Texts

  private static func scalars(_ text: Substring) -> Int { String(text).trimmed.unicodeScalars.count }

  private static func count(_ word: String, in text: some StringProtocol) -> Int {
    String(text).ranges(of: word).count
  }

  private static func isBalanced(_ tag: String, in text: some StringProtocol) -> Bool {
    count("<\(tag)>", in: text) == count("</\(tag)>", in: text)
  }

  /// What follows the last `word`; all where there is none.
  private static func last(of word: String, in text: String) -> Substring {
    text.ranges(of: word).last.map { text[$0.upperBound...] } ?? text[...]
  }

  /// What stands before the first `word`; all where there is none.
  private static func first(of word: String, in text: Substring) -> Substring {
    text.firstRange(of: word).map { text[..<$0.lowerBound] } ?? text
  }

  private static func after(_ word: String, in text: Substring) -> Substring {
    text.firstRange(of: word).map { text[$0.upperBound...] } ?? text
  }

  /// Boxes that hold something.
  private static func count(ofBoxesIn text: Substring) -> Int {
    text.ranges(of: "\\boxed{").count { text[$0.upperBound...].first.map { $0 != "}" } ?? false }
  }
}
