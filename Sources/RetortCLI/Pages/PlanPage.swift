internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// A plan as people read it, within 80 columns.
enum PlanPage {
  static func lines(_ plan: Plan, _ forecast: Forecast) -> [String] {
    let rows = plan.stages.map { stage -> [JSON] in
      let steps = forecast.steps[stage.stage] ?? .init()
      let isSure = steps.low == steps.high
      return [
        .string(stage.stage), .int(Int64(stage.done)),
        .string((isSure ? "" : "~") + Figure.compact(steps.expected)),
        .string(stage.reason),
      ]
    }
    let over = plan.stages.filter { $0.passedOver > 0 }.map { "\($0.passedOver) of \($0.stage)" }
    return Terminal.lines(of: Table(columns: ["stage", "done", "to do", "why"], rows: rows), width: 44)
      + (over.isEmpty
        ? []
        : [
          "passed over, since an endpoint refused them: \(over.joined(separator: ", "))",
          "ask again: --retry-refused",
        ])
  }

  static func lines(_ forecast: Forecast, _ pipeline: Pipeline, _ flags: Flags) -> [String] {
    guard !forecast.stages.isEmpty else { return ["", "no calls to make"] }
    let entries =
      forecast.stages.map { stage in
        (
          stage.stage, stage.amount,
          stage.measured == 0 ? "assumed" : "\(stage.measured) \(stage.older ? "older " : "")steps"
        )
      } + [("total", forecast.total, "")]
    let rows = entries.map { name, amount, basis -> [JSON] in
      [
        name, Figure.compact(amount.calls.expected), span(amount.calls),
        Figure.compact(amount.promptTokens.expected),
        Figure.compact(amount.completionTokens.expected),
        amount.usd.map { Figure.money($0.expected) } ?? "no price", basis,
      ].map { .string($0) }
    }
    let columns = ["stage", "calls", "90 %", "tokens in", "out", "USD", "by"]
    var lines = [""] + Terminal.lines(of: Table(columns: columns, rows: rows), width: 20) + [""]
    lines += totals(forecast, pipeline)
    if forecast.stages.contains(where: { $0.measured == 0 }) {
      lines.append("assumed: nothing was measured yet; a pilot tells more: --limit 20")
    }
    if forecast.stages.contains(where: \.older) {
      lines.append("older steps: measured before the stage was changed")
    }
    if let most = flags.maxUSD, let usd = forecast.total.usd, usd.high > most {
      lines.append(
        usd.low > most
          ? "more than --max-usd \(Figure.money(most)): the run will stop before its end"
          : "perhaps more than --max-usd \(Figure.money(most)): the run may stop before its end")
    }
    if forecast.countsRounds {
      lines.append("rounds: counted as if all of them were played")
    }
    let tokens = forecast.total.promptTokens.high + forecast.total.completionTokens.high
    if let most = flags.maxTokens, tokens > Double(most) {
      let low = forecast.total.promptTokens.low + forecast.total.completionTokens.low
      lines.append(
        low > Double(most)
          ? "more than --max-tokens \(most): the run will stop before its end"
          : "perhaps more than --max-tokens \(most): the run may stop before its end")
    }
    return lines
  }

  private static func totals(_ forecast: Forecast, _ pipeline: Pipeline) -> [String] {
    let total = forecast.total
    var lines = [
      "calls       \(estimate(total.calls))", "tokens in   \(estimate(total.promptTokens))",
      "tokens out  \(estimate(total.completionTokens))",
      "USD         \(total.usd.map { estimate($0, Figure.money) } ?? "no price")",
      "time        \(estimate(forecast.seconds, duration))",
    ]
    guard let pole = forecast.poles.first else { return lines }
    let call = String(format: "%.1f s a call%@", pole.secondsPerCall, pole.measured ? "" : " (assumed)")
    let limit = pipeline.models[pole.model].map { "\($0.concurrency)" } ?? ""
    lines.append(
      "longest: \(pole.model), "
        + (pole.bound == "concurrency" ? "\(limit) at a time, \(call)" : "bound by \(pole.bound)"))
    return lines
  }

  /// `1240 (90 %: 1130 to 1360)`, or the number alone where it is sure.
  static func estimate(_ estimate: Forecast.Estimate, _ word: (Double) -> String = Figure.compact) -> String {
    let (low, high) = (word(estimate.low), word(estimate.high))
    return low == high ? low : "\(word(estimate.expected)) (90 %: \(low) to \(high))"
  }

  private static func span(_ estimate: Forecast.Estimate) -> String {
    let (low, high) = (Figure.compact(estimate.low), Figure.compact(estimate.high))
    return low == high ? "" : "\(low)–\(high)"
  }

  /// `42 s`, `3 min`, `2.5 h`.
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: String(format: "%.0f s", seconds)
    case ..<5400: String(format: "%.0f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }
}
