internal import Foundation

/// The copy of an image that a model is shown: its server scales the image, and cuts it into squares of 28 x 28 pixels, a
/// token each. Sizes are those of Qwen2.5-VL's `smart_resize` (transformers, `image_processing_qwen2_vl.py`); of other models
/// they are near enough for an estimate.
struct ShownImage: Hashable, Sendable {
  let width: Int
  let height: Int

  /// Pixels of a square's side.
  private static let side = 28
  private static let leastPixels = 4 * side * side
  /// What Qwen2.5-VL's own settings allow.
  static let usualMost = 16_384 * side * side

  init(_ image: ImageReference, maxPixels: Int? = nil) {
    let (width, height) = (Double(image.width), Double(image.height))
    let most = Double(max(Self.leastPixels, maxPixels ?? Self.usualMost))
    func squares(_ length: Double, _ rule: FloatingPointRoundingRule) -> Double {
      max(1, (length / Double(Self.side)).rounded(rule)) * Double(Self.side)
    }
    // Python's `round` takes a half to the even number.
    var size = (squares(width, .toNearestOrEven), squares(height, .toNearestOrEven))
    if size.0 * size.1 > most {
      let scale = (width * height / most).squareRoot()
      size = (squares(width / scale, .down), squares(height / scale, .down))
    } else if size.0 * size.1 < Double(Self.leastPixels) {
      let scale = (Double(Self.leastPixels) / (width * height)).squareRoot()
      size = (squares(width * scale, .up), squares(height * scale, .up))
    }
    (self.width, self.height) = (Int(size.0), Int(size.1))
  }

  var tokens: Int { width / Self.side * (height / Self.side) }
}

extension ModelSpec {
  /// How a model says where something is in an image that it was shown.
  package enum Coordinates: String, Codable, Hashable, Sendable, CaseIterable {
    /// Pixels of the copy that it was shown (Qwen2.5-VL).
    case pixels
    /// Thousandths of its width and height (Qwen3-VL, InternVL).
    case thousandths
  }

  /// A box as the model says it (left, top, right, bottom), in pixels of the original image; nil where the model says
  /// boxes as its tools take them.
  package func original(_ box: [Double], in image: ImageReference) -> [Int64]? {
    guard let coordinates, box.count == 4 else { return nil }
    let shown: (width: Double, height: Double)
    switch coordinates {
    case .thousandths: shown = (1000, 1000)
    case .pixels:
      let copy = ShownImage(image, maxPixels: maxPixels)
      shown = (Double(copy.width), Double(copy.height))
    }
    let scales = [Double(image.width) / shown.width, Double(image.height) / shown.height]
    // What is far outside is told by the tool.
    return box.indices.map { Int64(Int(bounded: (box[$0] * scales[$0 % 2]).rounded())) }
  }
}
