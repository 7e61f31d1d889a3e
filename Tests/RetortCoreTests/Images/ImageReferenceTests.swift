import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct ImageReferenceTests {
  static func bytes(_ hex: String) -> Data {
    let digits = hex.filter { !$0.isWhitespace }
    var bytes = Data()
    var rest = digits[...]
    while let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  /// Heads of real files, with the end that their kind needs.
  static let headers: [(String, String, ImageType, Int, Int)] = [
    ("png", Drawn.png(640, 480).hex, .png, 640, 480),
    // JFIF, a comment with the mark of a frame in it, a fill byte, a progressive frame of 300 x 200.
    (
      "jpeg",
      "FFD8 FFE0 0010 4A46494600 0101 00 0001 0001 0000 FFFE 0006 FFC00000 FF FFC2 000B 08 00C8 012C 01 011100 FFDA FFD9",
      .jpeg, 300, 200
    ),
    ("gif", "474946383961 0A00 0500 00 00 00 2C 3B", .gif, 10, 5),
    ("webp lossy", "52494646 16000000 57454250 56503820 0A000000 300100 9D012A 4001 F000", .webp, 320, 240),
    ("webp lossless", "52494646 11000000 57454250 5650384C 05000000 2F 3F C1 3B 00", .webp, 320, 240),
    (
      "webp extended", "52494646 16000000 57454250 56503858 0A000000 00000000 3F0100 EF0000", .webp, 320, 240
    ),
  ]

  @Test(arguments: headers)
  func typeAndSizeStandInTheHeader(name: String, hex: String, type: ImageType, width: Int, height: Int) throws
  {
    let bytes = Self.bytes(hex)
    let image = try ImageReference(reading: bytes)
    #expect(image == ImageReference(digest: Digest(of: bytes), type: type, width: width, height: height))
    #expect(ImageReference(json: image.json) == image)
    // Part of a larger buffer, whose indices begin elsewhere.
    #expect(try ImageReference(reading: (Data([1, 2]) + bytes).dropFirst(2)) == image)
  }

  @Test(arguments: headers)
  func whatIsCutShortIsNone(name: String, hex: String, type: ImageType, width: Int, height: Int) {
    let bytes = Self.bytes(hex)
    for count in 0..<bytes.count {
      #expect(throws: ImageFault.self, "\(name): \(count) of \(bytes.count) bytes") {
        _ = try ImageReference(reading: bytes.prefix(count))
      }
    }
  }

  @Test func whatIsNoImageSaysSo() {
    for bytes in [
      Data(), Data("<svg/>".utf8), Data("%PDF-1.7".utf8), Data(repeating: 0xFF, count: 100), Drawn.png(0, 5),
    ] {
      #expect(throws: ImageFault.self) { _ = try ImageReference(reading: bytes) }
    }
    #expect(
      throws: ImageFault(
        .noImage, "expected a PNG, JPEG, WebP or GIF image, found other bytes (3c7376672f3e…)")
    ) { _ = try ImageReference(reading: Data("<svg/>".utf8)) }
  }

  @Test func boundsAreLookedAtBeforeAnythingIsDecoded() {
    #expect(
      throws: ImageFault(
        .tooLarge, "expected an image of at most 100000000 pixels, found 4294967295 x 4294967295")
    ) { _ = try ImageReference(reading: Drawn.png(4_294_967_295, 4_294_967_295)) }
    #expect(throws: ImageFault(.tooLarge, "expected an image of at most 10 bytes, found 58")) {
      _ = try ImageReference(reading: Drawn.png(1, 1), within: ImageBounds(bytes: 10))
    }
    #expect(throws: Never.self) {
      _ = try ImageReference(reading: Drawn.png(5, 4), within: ImageBounds(pixels: 20))
    }
    #expect(throws: ImageFault.self) {
      _ = try ImageReference(reading: Drawn.png(5, 4), within: ImageBounds(pixels: 19))
    }
  }

  /// A JPEG, a PNG and a WebP that each ask for a turn, as EXIF says it: orientation 6, in both orders of bytes.
  static let turned: [(String, String)] = [
    (
      "jpeg",
      "FFD8 FFE1 0022 457869660000 4D4D002A00000008 0001 0112 0003 00000001 0006 0000 00000000 FFC2 000B 08 00C8 012C 01 011100 FFDA FFD9"
    ),
    (
      "png",
      String(Drawn.png(4, 3).dropLast(12).hex)
        + "0000001A 65584966 49492A0008000000 0100 1201 0300 01000000 0600 0000 00000000 00000000"
        + String(Drawn.png(4, 3).suffix(12).hex)
    ),
    (
      "webp",
      "52494646 40000000 57454250 56503858 0A000000 08000000 3F0100 EF0000 45584946 22000000 457869660000 "
        + "49492A0008000000 0100 1201 0300 01000000 0600 0000 00000000 0000"
    ),
  ]

  @Test(arguments: turned) func whatAsksForATurnIsRefused(name: String, hex: String) throws {
    let error = #expect(throws: ImageFault.self) {
      _ = try ImageReference(reading: Self.bytes(hex), within: ImageBounds())
    }
    #expect(error?.kind == .turned, "\(name): \(error.map { "\($0)" } ?? "")")
    // Orientation 1 is as it is, and what is no metadata of this kind is none.
    for other in [("0006 0000", "0001 0000"), ("0600 0000", "0100 0000"), ("1201", "1202"), ("0112", "0113")]
    {
      let plain = hex.replacing(other.0, with: other.1)
      guard plain != hex else { continue }
      #expect(throws: Never.self) { _ = try ImageReference(reading: Self.bytes(plain)) }
    }
  }

  @Test func aReferenceIsAsRowsHaveIt() throws {
    let image = try ImageReference(reading: Drawn.png(640, 480))
    #expect(
      image.json == [
        "image": .string(image.name), "media_type": "image/png", "width": 640, "height": 480,
      ])
    #expect(image.name.count == 7 + 64)
    #expect(image.words == "image/png 640x480 \(image.name.prefix(19))…")
    #expect(ImageReference.digest(image.name) == image.digest)
    for wrong in [
      "", "sha256:", "sha256:AB", image.name.uppercased(), image.name + "0",
      String(image.name.dropLast()) + "g",
    ] {
      #expect(ImageReference.digest(wrong) == nil)
    }
    #expect(ImageReference(json: ["image": .string(image.name)]) == nil)
    #expect(ImageReference(json: .string(image.name)) == nil)
  }
}
