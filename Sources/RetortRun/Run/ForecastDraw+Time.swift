internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// How long a run takes: between sets that must be whole, as long as the model that is asked longest, and the calls that
/// a row makes one after another.
/// The newest whole run tells how far from that a run really is: by a constant (servers that start), or by a factor (a
/// machine that has more to do); what it says is drawn between the two.
extension ForecastDraw {
  func seconds(of run: Run, _ chance: inout Chance) -> Double {
    let bound = bound(run.byPhase)
    guard bound > 0 else { return 0 }
    let ideal = bound + path(of: run)
    guard let pace, pace.active > 0, let then = idealThen, then > 0 else { return ideal }
    let start = max(0, pace.wall - pace.active)
    let (added, scaled) = (ideal + max(0, pace.active - then), ideal * max(1, pace.active / then))
    let (low, high) =
      pace.active < then ? (ideal * pace.active / then, ideal) : (min(added, scaled), max(added, scaled))
    return start + low * pow(max(1, high / max(1e-9, low)), chance.uniform()) * exp(0.1 * chance.normal())
  }

  /// Phases come one after another; the models that one of them asks are asked at once.
  private func bound(_ loads: [Place: Load]) -> Double {
    var phases: [Int: Double] = [:]
    for (place, load) in loads {
      phases[place.phase] = max(phases[place.phase] ?? 0, bound(load, of: place.model).seconds)
    }
    // In one order, so that the same numbers come to the same sum.
    return phases.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
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
    var loads: [Place: Load] = [:]
    for load in pace.loads {
      let stage = stages.first { $0.name == load.stage }
      let models = stage?.users.map(\.model) ?? Array(pipeline.models.values)
      guard let model = models.first(where: { $0.name == load.model }) else { return nil }
      loads[Place(phase: stage?.phase ?? 0, model: model.alias), default: Load()] += Load(
        calls: Double(load.calls), prompt: load.tokens, seconds: load.seconds)
    }
    let path = stages.reduce(0) { sum, facts in
      sum + (facts.users.compactMap(\.measured).map(\.seconds.mean).max() ?? 0)
    }
    return bound(loads) + path
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
