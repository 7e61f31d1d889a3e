internal import RetortCore

/// Columns with a value for each token of a response.
extension Columns {
  /// Which tokens count; nil where the row has no mask. `orOneMore`: a value for the token that ended the response is left
  /// out.
  func mask(count: Int, orOneMore: Bool = false) throws(BadRow) -> [Bool]? {
    guard let value = self["mask"], !value.isNull else { return nil }
    var list = (value.array ?? []).compactMap { element -> Bool? in
      if let flag = element.bool { return flag }
      if let number = element.int { return number != 0 }
      // Trainers write 0.0 and 1.0.
      return element.number == 0 ? false : element.number == 1 ? true : nil
    }
    if orOneMore, list.count == count + 1 { list.removeLast() }
    guard list.count == count else {
      throw BadRow(
        "bad mask", "expected \(count) times true or false, or 1 or 0, in 'mask', found \(list.count)")
    }
    return list
  }

  /// A finite number of 0 or more for each token. `orOneMore`: as for ``mask(count:orOneMore:)``.
  func tokenWeights(_ column: String, count: Int, orOneMore: Bool = false) throws(BadRow) -> [Double] {
    var list = (self[column]?.array ?? []).compactMap(\.number).filter { $0 >= 0 && $0.isFinite }
    if orOneMore, list.count == count + 1 { list.removeLast() }
    guard list.count == count else {
      throw BadRow(
        "bad weights", "expected \(count) numbers of 0 or more in '\(column)', found \(list.count)")
    }
    return list
  }
}
