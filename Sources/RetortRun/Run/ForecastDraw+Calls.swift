internal import Foundation
internal import RetortCore
internal import RetortStore

/// What the steps of one stage ask of one model.
extension ForecastDraw {
  func load(
    of user: ForecastFacts.User, _ facts: ForecastFacts, steps: Double, size: Double, _ chance: inout Chance
  ) -> Load {
    let (model, bounds) = (user.model, facts.workload.calls(size))
    var load = Load()
    let weight = facts.weight
    if facts.countsTell, let measured = user.measured {
      load.calls = calls(of: measured, facts, model, steps: steps, size: size, bounds, &chance)
    } else if facts.countsTell, facts.measure.steps > 0, bounds.lowerBound == 0 {
      load.calls = min(steps * bounds.upperBound, (steps * chance.gamma(0.5) / weight).rounded())
    } else {
      let share = chance.beta(0.5, 1.5)
      load.calls = (steps * (bounds.lowerBound + share * (bounds.upperBound - bounds.lowerBound))).rounded()
    }
    guard load.calls > 0 else { return load }
    if let measured = user.measured {
      // As many steps as would make these calls, whatever was measured of a step.
      let perStep = max(1e-9, measured.calls.mean)
      let like = load.calls / perStep
      let tokens = { (spread: StageMeasure.Spread, chance: inout Chance) in
        total(
          mean: spread.mean * perStep, deviation: spread.deviation, per: spread.mean * perStep, like, weight,
          &chance)
      }
      load.prompt = tokens(measured.prompt, &chance)
      load.completion = tokens(measured.completion, &chance)
      load.seconds = total(
        mean: measured.seconds.mean, deviation: measured.seconds.deviation, per: measured.seconds.mean,
        load.calls, weight, &chance)
    } else {
      assume(&load, model, facts, &chance)
    }
    load.usd =
      model.price.map {
        $0.usd(
          Usage(
            promptTokens: Int(bounded: load.prompt), completionTokens: Int(bounded: load.completion),
            cachedTokens: Int(bounded: load.prompt * (user.measured?.cachedShare ?? 0))))
      } ?? 0
    return load
  }

  private func calls(
    of measured: StageMeasure.Model, _ facts: ForecastFacts, _ model: ModelSpec, steps: Double, size: Double,
    _ bounds: ClosedRange<Double>, _ chance: inout Chance
  ) -> Double {
    let weight = facts.weight
    if facts.isSet {
      // More rows make more calls, as far as the kind says how.
      let then = facts.workload.calls(max(1, facts.measure.given.mean))
      let growth = (bounds.lowerBound + bounds.upperBound) / max(1, then.lowerBound + then.upperBound)
      let mean = measured.calls.mean * growth
      // What a model that only measures was asked for the smaller set is not asked again for the larger one.
      let known = facts.isWhole && model.kind != .chat && !facts.measure.isOlder ? measured.calls.mean : 0
      guard bounds.lowerBound < bounds.upperBound || measured.calls.deviation > 0 else {
        return max(0, (steps * (mean - known)).rounded())
      }
      let all = total(
        mean: mean, deviation: measured.calls.deviation * growth, per: mean, steps, weight, &chance)
      return max(0, (all - steps * known).rounded())
    }
    // A model that only measures is not asked again; what was asked once for a whole set is asked no more.
    guard model.kind == .chat else {
      return new(of: (steps * max(1, measured.calls.least)).rounded(), measured.sharing, weight, &chance)
    }
    let least = measured.calls.least
    var calls = steps * least
    if bounds.upperBound > bounds.lowerBound || measured.calls.greatest > least {
      let extra = measured.calls.mean - least
      let uneven = extra > 0 ? max(1, measured.calls.deviation * measured.calls.deviation / extra) : 1
      let rate = chance.gamma(weight * extra / uneven + 0.5) * uneven / max(1, weight)
      let most = max(0, max(bounds.upperBound, measured.calls.greatest) - least)
      calls += min(steps * most, chance.positive(mean: steps * rate, variance: steps * rate * uneven))
    }
    return new(of: calls.rounded(), measured.sharing, weight, &chance)
  }

  /// How many of so many requests this stage is the first to ask.
  private func new(
    of requests: Double, _ sharing: StageMeasure.Sharing, _ weight: Double, _ chance: inout Chance
  ) -> Double {
    let fresh = fresh(of: requests, sharing, &chance)
    guard sharing.foreign > 0, sharing.replies > 0, fresh > 0 else { return fresh }
    // The calls of one step fall together.
    let seen = min(Double(sharing.replies), weight)
    let share = Double(sharing.foreign) / Double(sharing.replies)
    return (fresh * chance.beta((1 - share) * seen + 0.5, share * seen + 0.5)).rounded()
  }

  /// How many of so many requests no step of this stage has asked before.
  private func fresh(
    of requests: Double, _ sharing: StageMeasure.Sharing, _ chance: inout Chance
  ) -> Double {
    guard sharing.uses > sharing.replies, requests > 0 else { return requests }
    let (later, first) = (Double(sharing.laterUses), Double(sharing.laterFirst))
    let most = requests * chance.beta(first + 0.5, later - first + 0.5)
    let earlier =
      Double(sharing.replies - sharing.laterFirst) / Double(max(1, sharing.uses - sharing.laterUses))
    // As many as ever: rows share with their neighbours, and not with all.
    if first >= 0.8 * earlier * later { return min(requests, most).rounded() }
    let (uses, once, twice) = (Double(sharing.uses), Double(sharing.once), Double(sharing.twice))
    let unseen = twice > 0 ? once * once / (2 * twice) : once * max(0, once - 1) / 2
    let least = unseen > 0 ? unseen * (1 - pow(max(0, 1 - once / (uses * unseen + once)), requests)) : 0
    return min(requests, min(least, most) + chance.uniform() * max(0, most - least)).rounded()
  }

  private func assume(_ load: inout Load, _ model: ModelSpec, _ facts: ForecastFacts, _ chance: inout Chance)
  {
    let row = facts.rowBytes / 4
    let template = facts.workload.prompt.map { Double(TokenEstimate.bytes($0)) }
    let prompt = model.kind == .embedding ? row : row + (template ?? Self.usualPrompt)
    let reply =
      model.kind == .chat
      ? facts.workload.maxTokens.map(Double.init) ?? Self.usualReply : model.kind == .judge ? 1 : 0
    // A twentieth lies below half of it, and above twice.
    load.prompt = load.calls * prompt * exp(0.42 * chance.normal())
    load.completion = load.calls * reply * chance.beta(0.5, 1)
    load.seconds = load.calls * Self.usualSeconds * exp(chance.normal())
  }
}
