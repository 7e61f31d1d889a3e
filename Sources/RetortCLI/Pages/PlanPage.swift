internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// A plan as people read it, within 80 columns.
enum PlanPage {
  static func lines(_ plan: Plan) -> [String] {
    let rows = plan.stages.map { stage -> [JSON] in
      let todo = stage.waits ? stage.todo > 0 ? "\(stage.todo)+" : "?" : "\(stage.todo)"
      return [.string(stage.stage), .int(Int64(stage.done)), .string(todo), .string(stage.reason)]
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
    var entries = forecast.stages.map { stage in
      (stage.stage, stage.amount, stage.measured > 0 ? "\(stage.measured) steps" : "assumed")
    }
    entries.append(("total", forecast.total, ""))
    let rows = entries.map { name, amount, basis -> [JSON] in
      [
        name, range(amount.calls), range(amount.promptTokens), range(amount.completionTokens),
        amount.usd.map { range($0, Figure.money) } ?? "no price", basis,
      ].map { .string($0) }
    }
    let columns = ["stage", "calls", "tokens in", "tokens out", "USD", "by"]
    var lines = [""] + Terminal.lines(of: Table(columns: columns, rows: rows), width: 18)
    if forecast.stages.contains(where: { $0.measured == 0 }) {
      lines += ["assumed: 1 or 2 calls a row and sample, replies of 0 to max_tokens (or 1024)"]
    }
    for (place, pole) in forecast.poles.enumerated() {
      let limit = pipeline.models[pole.model].map { "\($0.concurrency)" } ?? ""
      let call = String(format: "%.1f s a call%@", pole.secondsPerCall, pole.measured ? "" : " (assumed)")
      let bound = pole.bound == "concurrency" ? "\(limit) at a time, \(call)" : "bound by \(pole.bound)"
      lines.append(
        "\(place == 0 ? "longest: " : "         ")\(pole.model) \(range(pole.seconds, duration)), \(bound)")
    }
    if let most = flags.maxUSD, let usd = forecast.total.usd, usd.high > most {
      lines.append(
        usd.low > most
          ? "more than --max-usd \(Figure.money(most)): the run will stop before its end"
          : "perhaps more than --max-usd \(Figure.money(most)): the run may stop before its end")
    }
    return lines
  }

  static func range(_ range: Forecast.Range, _ word: (Double) -> String = Figure.compact) -> String {
    let (low, high) = (word(range.low), word(range.high))
    return low == high ? low : "\(low)–\(high)"
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
