/// Vectors of one length, each scaled to length 1 and laid one after the other, so that comparing one with all of them
/// reads memory once, in order.
package struct UnitVectors: Sendable {
  /// Numbers of each vector; 0 while there is none.
  package private(set) var dimensions = 0
  package private(set) var count = 0
  private var numbers: [Float] = []

  package init() {}

  package mutating func reserve(_ count: Int, dimensions: Int) { numbers.reserveCapacity(count * dimensions) }

  /// A vector of zeros stays as it is and is similar to nothing. Vectors are as long as the first.
  package mutating func append(_ vector: [Float]) {
    precondition(count == 0 || vector.count == dimensions, "vectors of one length")
    dimensions = vector.count
    count += 1
    numbers.append(contentsOf: Self.unit(vector))
  }

  /// The cosine with a vector of length 1, exactly rounded sums in double precision.
  package func similarity(_ index: Int, to unit: [Float]) -> Double {
    Self.dot(numbers[index * dimensions..<(index + 1) * dimensions], unit[...])
  }

  /// The nearest `k` to a vector of length 1 that `isCandidate` admits, nearest first; of equals the first.
  ///
  /// - Parameter isCandidate: asked with an index and its cosine, only for vectors that may be among the nearest.
  package func nearest(
    _ k: Int, to unit: [Float], where isCandidate: (Int, Double) -> Bool
  ) -> [(index: Int, similarity: Double)] {
    var best: [(index: Int, similarity: Double)] = []
    let k = min(k, count)
    var least = -Double.infinity
    for (index, rough) in roughSimilarities(to: unit).enumerated() where Double(rough) > least - Self.rounding
    {
      let similarity = similarity(index, to: unit)
      guard similarity > least, isCandidate(index, similarity) else { continue }
      best.append((index, similarity))
      if best.count >= 2 * k + 64 {
        Self.keep(k, of: &best)
        least = best[k - 1].similarity
      }
    }
    Self.keep(k, of: &best)
    return best
  }

  private static func keep(_ k: Int, of best: inout [(index: Int, similarity: Double)]) {
    best.sort { $0.similarity > $1.similarity || ($0.similarity == $1.similarity && $0.index < $1.index) }
    best.removeLast(max(0, best.count - k))
  }

  /// More than single precision can be off by in a sum of a few thousand products that add up to at most 1.
  private static let rounding = 1e-4

  /// All cosines in single precision, at the speed of memory.
  private func roughSimilarities(to unit: [Float]) -> [Float] {
    let (count, dimensions) = (count, dimensions)
    return [Float](unsafeUninitializedCapacity: count) { result, initialized in
      numbers.withUnsafeBytes { all in
        unit.withUnsafeBytes { one in
          for index in 0..<count {
            result[index] = Self.dot(all, at: index * dimensions * 4, one, count: dimensions)
          }
        }
      }
      initialized = count
    }
  }

  /// Two accumulators of 16 lanes: `*` and `+` in this shape compile to as many loads as the processor can do.
  private static func dot(
    _ all: UnsafeRawBufferPointer, at offset: Int, _ one: UnsafeRawBufferPointer, count: Int
  ) -> Float {
    var (even, odd) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
    var at = 0
    while at + 32 <= count {
      even +=
        all.loadUnaligned(fromByteOffset: offset + at * 4, as: SIMD16<Float>.self)
        * one.loadUnaligned(fromByteOffset: at * 4, as: SIMD16<Float>.self)
      odd +=
        all.loadUnaligned(fromByteOffset: offset + at * 4 + 64, as: SIMD16<Float>.self)
        * one.loadUnaligned(fromByteOffset: at * 4 + 64, as: SIMD16<Float>.self)
      at += 32
    }
    var sum = (even + odd).sum()
    while at < count {
      sum +=
        all.loadUnaligned(fromByteOffset: offset + at * 4, as: Float.self)
        * one.loadUnaligned(fromByteOffset: at * 4, as: Float.self)
      at += 1
    }
    return sum
  }

  /// The vector scaled to length 1.
  package static func unit(_ vector: [Float]) -> [Float] {
    let length = dot(vector[...], vector[...]).squareRoot()
    return length > 0 ? vector.map { Float(Double($0) / length) } : vector
  }

  private static func dot(_ left: ArraySlice<Float>, _ right: ArraySlice<Float>) -> Double {
    var sum = 0.0
    for (a, b) in zip(left, right) { sum += Double(a) * Double(b) }
    return sum
  }
}
