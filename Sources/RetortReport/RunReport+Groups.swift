internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

extension RunReport {
  /// Pictures of single groups: what the rollouts of one question got for their length. Those with right and wrong
  /// rollouts come first, since they show what a comparison does.
  static func groups(_ rewards: Rewards) -> [ReportBlock] {
    guard let scored = rewards.columns.last(where: \.plot.comparesGroup),
      rewards.groups.count == scored.values.count, rewards.tokens.count == scored.values.count
    else { return [] }
    var found: OrderedDictionary<String, [Rollout]> = [:]
    for (row, group) in rewards.groups.enumerated() {
      guard let group, let length = rewards.tokens[row], let advantage = scored.values[row] else { continue }
      let correct = rewards.correct.indices.contains(row) ? rewards.correct[row] : nil
      found[group, default: []].append(Rollout(length: length, advantage: advantage, correct: correct))
    }
    func isMixed(_ group: [Rollout]) -> Bool { Set(group.compactMap(\.correct)).count > 1 }
    let several = found.elements.filter { $0.value.count > 1 }
    let shown = (several.filter { isMixed($0.value) } + several.filter { !isMixed($0.value) }).prefix(3)
    return shown.compactMap { name, group in
      let series = [("right", true as Bool?, "s2"), ("wrong", false, "s1"), ("not verified", nil, "s0")].map {
        name, correct, style in
        Charts.Cloud(
          name: name, points: group.filter { $0.correct == correct }.map { ($0.length, $0.advantage) },
          style: style)
      }
      return Charts.scatter(
        "\(rewards.stage): the group \(name.prefix(40))", series.filter { !$0.points.isEmpty },
        x: "length (tokens)",
        y: scored.name
      ).map { .plot($0) }
    }
  }

  private struct Rollout {
    let length: Double
    let advantage: Double
    let correct: Bool?
  }

  /// How far rewards and a verifier's verdicts agree: the chance that of a right and a wrong row the right one has the
  /// higher reward, ties counted half (the area under the ROC curve).
  static func agreement(_ rewards: Rewards) -> [ReportBlock] {
    let rows = rewards.columns.compactMap { column -> [String]? in
      guard !column.plot.comparesGroup, column.values.count == rewards.correct.count else {
        return nil
      }
      let verdicts = zip(column.values, rewards.correct).compactMap { value, correct in
        value.flatMap { value in correct.map { (value, $0) } }
      }
      let (right, wrong) = (verdicts.filter(\.1).map(\.0), verdicts.filter { !$0.1 }.map(\.0))
      guard let area = Statistics.rocArea(right: right, wrong: wrong) else { return nil }
      return [column.name, Figure.count(right.count), Figure.count(wrong.count), Figure.short(area)]
    }
    guard !rows.isEmpty else { return [] }
    return [
      .text(
        "Agreement with the verifier: the chance that of a right and a wrong row the right one has more. 0.5 is a coin's."
      ),
      .table(["column", "right", "wrong", "agreement"], rows, texts: 1),
    ]
  }

  /// How sure the head is against how often it is right: equal where its deviations are worth what they say.
  static func section(_ head: Head) -> [ReportBlock] {
    func line(_ name: String, _ report: HeadReport) -> [String] {
      [name, Figure.count(report.pairs), Figure.short(report.accuracy), Figure.short(report.loss)]
    }
    let bins = head.heldOut.calibration
    let title = "\(head.stage): sure, and right about it, on pairs it had not seen"
    let chart = Charts.scatter(
      title,
      [
        Charts.Cloud(name: "as sure as right", points: [(0.5, 0.5), (1, 1)], style: "s4", isLine: true),
        Charts.Cloud(name: "by confidence", points: bins.map { ($0.confidence, $0.accuracy) }, style: "s0"),
      ].filter { !$0.points.isEmpty }, x: "mean confidence P", y: "share that is right")
    let plots: [ReportBlock] =
      bins.isEmpty
      ? []
      : (chart.map { [.plot($0)] } ?? []) + [
        .caption(
          of: title,
          "\(Figure.count(head.heldOut.pairs)) held-out pairs. Below the line the head is surer than it is right; with few "
            + "pairs a dot says little.")
      ]
    return plots + [
      .text("On pairs that it had not seen; a coin has accuracy 0.5 and loss 0.693."),
      .table(
        ["head", "pairs", "accuracy", "loss (nats)"],
        [line("mean and deviation (PURM)", head.heldOut), line("mean (Bradley-Terry)", head.bradleyTerry)],
        texts: 1),
      .table(
        ["sure by", "pairs", "mean confidence", "right"],
        head.heldOut.calibration.map { bin in
          [
            "\(Figure.short(bin.from)) to \(Figure.short(bin.from + 0.1))", Figure.count(bin.pairs),
            Figure.short(bin.confidence), Figure.short(bin.accuracy),
          ]
        }, texts: 1),
    ]
  }
}
