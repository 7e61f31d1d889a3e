internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// How long a run takes: as long as the model that is asked longest, and the calls that a row makes one after another.
/// The newest whole run tells how far from that a run really is: by a constant (servers that start), or by a factor (a
/// machine that has more to do); what it says is drawn between the two.
extension ForecastDraw {
  func seconds(of run: Run, _ chance: inout Chance) -> Double {
    let bound = run.byModel.map { self.bound($1, of: $0).seconds }.max() ?? 0
    guard bound > 0 else { return 0 }
    let ideal = bound + path(of: run)
    guard let pace, pace.active > 0, let then = idealThen, then > 0 else { return ideal }
    let start = max(0, pace.wall - pace.active)
    let (added, scaled) = (ideal + max(0, pace.active - then), ideal * max(1, pace.active / then))
    let (low, high) =
      pace.active < then ? (ideal * pace.active / then, ideal) : (min(added, scaled), max(added, scaled))
    return start + low * pow(max(1, high / max(1e-9, low)), chance.uniform()) * exp(0.1 * chance.normal())
  }

  /// Which of a model's limits makes its calls take longest, and how long.
  private func bound(_ load: Load, of alias: String) -> (seconds: Double, by: String) {
    guard let model = pipeline.models[alias] else { return (0, "concurrency") }
    var bounds = [(load.seconds / Double(max(1, model.concurrency)), "concurrency")]
    if let rpm = model.rpm { bounds.append((load.calls * 60 / rpm, "rpm")) }
    if let tpm = model.tpm { bounds.append(((load.prompt + load.completion) * 60 / tpm, "tpm")) }
    return bounds.max { $0.0 < $1.0 } ?? (0, "concurrency")
  }

  /// Seconds of the calls that one row makes on its longest way through the stages.
  private func path(of run: Run) -> Double {
    var longest = Array(repeating: 0.0, count: stages.count)
    for index in order {
      let (load, facts) = (run.loads[index], stages[index])
      let own = load.calls > 0 ? load.seconds / load.calls : 0
      longest[index] = own + (facts.from.map { longest[$0] }.max() ?? 0)
    }
    return longest.max() ?? 0
  }

  /// How long a run would have taken by its calls alone; nil where it asked models that the file no longer has.
  func ideal(_ pace: RunPace) -> Double? {
    var bounds: [Double] = []
    for (name, load) in pace.loads {
      guard let model = pipeline.models.values.first(where: { $0.name == name }) else { return nil }
      bounds += [
        load.seconds / Double(max(1, model.concurrency)), model.rpm.map { Double(load.calls) * 60 / $0 } ?? 0,
        model.tpm.map { load.tokens * 60 / $0 } ?? 0,
      ]
    }
    let path = stages.reduce(0) { sum, facts in
      sum + (facts.users.compactMap(\.measured).map(\.seconds.mean).max() ?? 0)
    }
    return (bounds.max() ?? 0) + path
  }

  func poles(_ runs: [Run]) -> [Forecast.Pole] {
    let aliases = OrderedSet(stages.flatMap { $0.users.map(\.model.alias) })
    return aliases.map { alias in
      let loads = runs.map { $0.byModel[alias] ?? Load() }
      let bounds = loads.map { bound($0, of: alias) }
      let names = Dictionary(grouping: bounds, by: \.by).mapValues(\.count)
      let calls = loads.reduce(0) { $0 + $1.calls }
      let measured = stages.contains { facts in
        facts.users.contains { $0.model.alias == alias && $0.measured != nil }
      }
      return Forecast.Pole(
        model: alias, seconds: .init(of: bounds.map(\.seconds)),
        bound: names.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "concurrency",
        secondsPerCall: calls > 0 ? loads.reduce(0) { $0 + $1.seconds } / calls : 0, measured: measured)
    }
  }
}
