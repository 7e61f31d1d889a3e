internal import RetortCore

/// What steps of a stage took so far.
package struct StageMeasure: Hashable, Sendable {
  /// Mean and standard deviation over steps.
  package struct Spread: Hashable, Sendable {
    package var mean: Double
    package var deviation: Double

    package init(mean: Double, deviation: Double) {
      self.mean = mean
      self.deviation = deviation
    }

    /// One value says nothing about the spread; half of it is assumed.
    package init(of values: [Double]) {
      let count = Double(max(1, values.count))
      let mean = values.reduce(0, +) / count
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      deviation = values.count > 1 ? (squares / (count - 1)).squareRoot() : mean / 2
    }
  }

  /// What a step asks of one model.
  package struct Model: Hashable, Sendable {
    package var calls: Spread
    package var prompt: Spread
    package var completion: Spread
    /// Of the prompt's tokens, the share that the endpoint had cached.
    package var cachedShare: Double
    package var secondsPerCall: Double

    package init(
      calls: Spread, prompt: Spread, completion: Spread, cachedShare: Double, secondsPerCall: Double
    ) {
      self.calls = calls
      self.prompt = prompt
      self.completion = completion
      self.cachedShare = cachedShare
      self.secondsPerCall = secondsPerCall
    }
  }

  package var steps: Int
  /// Rows out for each row in; nil when no step was made.
  package var yield: Double?
  /// Bytes of a row that came out, on average.
  package var rowBytes: Double
  /// By the model's name.
  package var models: [String: Model]

  package init(steps: Int = 0, yield: Double? = nil, rowBytes: Double = 0, models: [String: Model] = [:]) {
    self.steps = steps
    self.yield = yield
    self.rowBytes = rowBytes
    self.models = models
  }
}
