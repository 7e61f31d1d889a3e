/// How well a head tells held-out preferences.
package struct HeadReport: Codable, Hashable, Sendable {
  /// Pairs that the head was sure of to a like degree.
  package struct Bin: Codable, Hashable, Sendable {
    /// Lower bound of the confidence, 0.5 to 0.9; each bin is 0.1 wide.
    package var from: Double
    package var pairs: Int
    /// Mean probability that the head gave to what it preferred.
    package var confidence: Double
    /// Share of the pairs in which it preferred the chosen one.
    package var accuracy: Double

    package init(from: Double, pairs: Int, confidence: Double, accuracy: Double) {
      self.from = from
      self.pairs = pairs
      self.confidence = confidence
      self.accuracy = accuracy
    }
  }

  package var pairs: Int
  /// Share of the pairs whose chosen response is preferred, 0 to 1; ties count half.
  package var accuracy: Double
  /// Mean of `-log P(chosen preferred)`, in nats; 0.693 is a coin's.
  package var loss: Double
  /// Bins that hold pairs.
  package var calibration: [Bin]

  package init(pairs: Int, accuracy: Double, loss: Double, calibration: [Bin]) {
    self.pairs = pairs
    self.accuracy = accuracy
    self.loss = loss
    self.calibration = calibration
  }
}

/// The columns of a row that holds a fitted head, which have a ``HeadReport`` each.
package struct HeadColumns: Hashable, Sendable {
  /// Of the head.
  package let fitted: String
  /// Of a head without deviations, fitted in the same way.
  package let plain: String

  package init(fitted: String, plain: String) {
    self.fitted = fitted
    self.plain = plain
  }
}
