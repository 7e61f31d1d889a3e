extension Int {
  /// The whole number nearest to a double, within ±1e15, which both hold exactly; 0 for what is no number.
  package init(bounded number: Double) {
    self = number.isNaN ? 0 : Int(Swift.min(Swift.max(number.rounded(), -1e15), 1e15))
  }

  /// The sum, or the largest or smallest number where it does not fit.
  package func adding(bounded other: Int) -> Int {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? (other > 0 ? .max : .min) : sum
  }
}
