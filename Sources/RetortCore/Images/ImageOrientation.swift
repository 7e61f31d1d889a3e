internal import Foundation

/// How an image's metadata asks to have it turned, 1 (as it is) to 8: some who look at it do so, and others do not.
///
/// Sources: Exif 2.32, 4.6.2 (TIFF) and 4.6.5 (orientation, tag 0x0112); where it stands: JPEG's APP1, PNG's `eXIf`, WebP's `EXIF`.
enum ImageOrientation {
  static let upright = 1

  static func of(_ file: ImageBytes, _ type: ImageType) -> Int {
    let start: Int? =
      switch type {
      case .jpeg: jpeg(file)
      case .png: chunk("eXIf", from: 8, of: file, length: { file.big(4, at: $0) }, name: 4, rest: 4)
      case .webp: chunk("EXIF", from: 12, of: file, length: { file.little(4, at: $0 + 4) }, name: 0, rest: 0)
      case .gif: nil
      }
    guard let start else { return upright }
    // WebP's may have JPEG's mark before it.
    return tiff(file, at: file.says(mark, at: start) ? start + 6 : start) ?? upright
  }

  private static let mark: [UInt8] = Array("Exif".utf8) + [0, 0]

  /// The first segment of such metadata before the picture itself.
  private static func jpeg(_ file: ImageBytes) -> Int? {
    var place = 2
    while file.byte(place) == 0xFF, let code = file.byte(place + 1) {
      switch code {
      case 0xFF: place += 1
      case 0x01, 0xD0...0xD7: place += 2
      case 0xDA, 0xD9: return nil
      default:
        if code == 0xE1, file.says(mark, at: place + 4) { return place + 4 }
        guard let length = file.big(2, at: place + 2), length >= 2 else { return nil }
        place += 2 + length
      }
    }
    return nil
  }

  /// Where the content of a chunk begins: chunks have a name and a length, in some order, and `rest` bytes after the content.
  private static func chunk(
    _ wanted: String, from start: Int, of file: ImageBytes, length: (Int) -> Int?, name: Int, rest: Int
  ) -> Int? {
    var place = start
    while let count = length(place) {
      if file.says(wanted, at: place + name) { return place + 8 }
      // Content of an odd length is padded where nothing follows it.
      place += 8 + count + (rest == 0 ? count % 2 : rest)
    }
    return nil
  }

  private static func tiff(_ file: ImageBytes, at start: Int) -> Int? {
    let isLittle = file.says("II", at: start)
    guard isLittle || file.says("MM", at: start) else { return nil }
    func number(_ size: Int, _ place: Int) -> Int? {
      isLittle ? file.little(size, at: start + place) : file.big(size, at: start + place)
    }
    guard number(2, 2) == 42, let list = number(4, 4), let count = number(2, list) else { return nil }
    for entry in 0..<count where number(2, list + 2 + 12 * entry) == 0x0112 {
      return number(2, list + 2 + 12 * entry + 8).flatMap { (1...8).contains($0) ? $0 : nil }
    }
    return nil
  }
}
