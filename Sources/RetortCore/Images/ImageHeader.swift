internal import Foundation

/// Type and size of an image file, read from its bytes without decoding a pixel. A file that is cut short is none.
///
/// Sources: PNG (ISO/IEC 15948) 5.2 and 11.2.2, JPEG (ITU T.81) B.1 and B.2, WebP (RFC 9649) 2.3 to 2.7, GIF89a 17 and 18.
struct ImageHeader: Equatable {
  let type: ImageType
  let width: Int
  let height: Int
  /// As of ``ImageOrientation``.
  let orientation: Int

  /// Errors: ``ImageFault``.
  init(_ bytes: Data) throws {
    let file = ImageBytes(bytes)
    if file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      (type, (width, height)) = (.png, try Self.png(file))
    } else if file.starts(with: [0xFF, 0xD8, 0xFF]) {
      (type, (width, height)) = (.jpeg, try Self.jpeg(file))
    } else if file.says("RIFF", at: 0), file.says("WEBP", at: 8) {
      (type, (width, height)) = (.webp, try Self.webp(file))
    } else if file.says("GIF87a", at: 0) || file.says("GIF89a", at: 0) {
      (type, (width, height)) = (.gif, try Self.gif(file))
    } else {
      throw ImageFault(
        .noImage,
        "expected a PNG, JPEG, WebP or GIF image, found \(bytes.isEmpty ? "no bytes" : "other bytes (\(bytes.prefix(8).hex)…)")"
      )
    }
    orientation = ImageOrientation.of(file, type)
  }

  private typealias Size = (width: Int, height: Int)

  private static func cut(_ type: String) -> ImageFault {
    ImageFault(.noImage, "expected a whole \(type) image, found one that is cut short or damaged")
  }

  /// Chunks from the header to `IEND`.
  private static func png(_ file: ImageBytes) throws -> Size {
    guard file.says("IHDR", at: 12), file.big(4, at: 8) == 13, let width = file.big(4, at: 16),
      let height = file.big(4, at: 20)
    else { throw cut("PNG") }
    var place = 8
    while let length = file.big(4, at: place) {
      let next = place + 12 + length
      guard next <= file.count else { break }
      if file.says("IEND", at: place + 4) { return (width, height) }
      place = next
    }
    throw cut("PNG")
  }

  /// Segments to the frame's header, whose code is one of C0 to CF but for tables (C4), extensions (C8) and arithmetic
  /// conditioning (CC); somewhere after it the file must end as one.
  private static func jpeg(_ file: ImageBytes) throws -> Size {
    var place = 2
    while let mark = file.byte(place), let code = file.byte(place + 1) {
      guard mark == 0xFF else { break }
      switch code {
      // A fill byte.
      case 0xFF: place += 1
      // Marks without a segment.
      case 0x01, 0xD0...0xD7: place += 2
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        guard let height = file.big(2, at: place + 5), let width = file.big(2, at: place + 7),
          file.contains([0xFF, 0xD9], after: place + 9)
        else { throw cut("JPEG") }
        return (width, height)
      default:
        guard let length = file.big(2, at: place + 2), length >= 2 else { throw cut("JPEG") }
        place += 2 + length
      }
    }
    throw cut("JPEG")
  }

  /// The first chunk says the size: `VP8 ` in 14 bits of its key frame, `VP8L` in 14 bits less one, `VP8X` in 24 less one.
  private static func webp(_ file: ImageBytes) throws -> Size {
    guard let length = file.little(4, at: 4), length + 8 <= file.count else { throw cut("WebP") }
    if file.says("VP8X", at: 12), let width = file.little(3, at: 24), let height = file.little(3, at: 27) {
      return (width + 1, height + 1)
    }
    if file.says("VP8L", at: 12), file.byte(20) == 0x2F, let bits = file.little(4, at: 21) {
      return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    }
    if file.says("VP8 ", at: 12), file.says([0x9D, 0x01, 0x2A], at: 23), let width = file.little(2, at: 26),
      let height = file.little(2, at: 28)
    {
      return (width & 0x3FFF, height & 0x3FFF)
    }
    throw cut("WebP")
  }

  /// Some write bytes after the trailer; without one it is cut short.
  private static func gif(_ file: ImageBytes) throws -> Size {
    guard let width = file.little(2, at: 6), let height = file.little(2, at: 8),
      file.contains([0x3B], after: 13)
    else { throw cut("GIF") }
    return (width, height)
  }
}

/// Bytes by their place from 0, asked for without fear of the end.
struct ImageBytes {
  private let data: Data

  init(_ data: Data) { self.data = data }

  var count: Int { data.count }

  func byte(_ place: Int) -> UInt8? {
    place >= 0 && place < data.count ? data[data.startIndex + place] : nil
  }

  func starts(with bytes: [UInt8]) -> Bool { says(bytes, at: 0) }

  func says(_ text: String, at place: Int) -> Bool { says(Array(text.utf8), at: place) }

  func says(_ bytes: [UInt8], at place: Int) -> Bool {
    place + bytes.count <= data.count && data.dropFirst(place).starts(with: bytes)
  }

  func big(_ size: Int, at place: Int) -> Int? { number(place..<(place + size)) }

  func little(_ size: Int, at place: Int) -> Int? { number((place..<(place + size)).reversed()) }

  private func number(_ places: some Sequence<Int>) -> Int? {
    var number = 0
    for place in places {
      guard let byte = byte(place) else { return nil }
      number = number << 8 | Int(byte)
    }
    return number
  }

  func contains(_ bytes: [UInt8], after place: Int) -> Bool {
    guard place < data.count else { return false }
    return data.range(of: Data(bytes), options: .backwards, in: (data.startIndex + place)..<data.endIndex)
      != nil
  }
}
