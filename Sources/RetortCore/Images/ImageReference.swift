package import Foundation
internal import OrderedCollections

/// An image as rows, requests and digests have it: by the digest of its bytes, which lie once on an ``ImageShelf``.
package struct ImageReference: Hashable, Sendable {
  /// That of the file's bytes.
  package let digest: Digest
  package let type: ImageType
  /// Pixels, as the file says them: one whose metadata asks for a turn is none that can be used.
  package let width: Int
  package let height: Int

  package init(digest: Digest, type: ImageType, width: Int, height: Int) {
    self.digest = digest
    self.type = type
    self.width = width
    self.height = height
  }

  /// What some bytes are. Nothing is decoded: type and size stand in their header.
  ///
  /// Errors: ``ImageFault``.
  package init(reading bytes: Data, within bounds: ImageBounds = ImageBounds()) throws {
    guard bytes.count <= bounds.bytes else {
      throw ImageFault(.tooLarge, "expected an image of at most \(bounds.bytes) bytes, found \(bytes.count)")
    }
    let header = try ImageHeader(bytes)
    guard header.width > 0, header.height > 0 else {
      throw ImageFault(.noImage, "expected an image with pixels, found \(header.width) x \(header.height)")
    }
    // Sides come from the file, and their product may be beyond any number.
    guard header.width <= bounds.pixels / header.height else {
      throw ImageFault(
        .tooLarge,
        "expected an image of at most \(bounds.pixels) pixels, found \(header.width) x \(header.height)")
    }
    guard header.orientation == ImageOrientation.upright else {
      throw ImageFault(
        .turned,
        "expected an image that stands upright, found one that its metadata asks to turn (EXIF orientation \(header.orientation)): "
          + "browsers would and models' servers would not, and boxes would mean other places; turn it for good first "
          + "(`mogrify -auto-orient`, or ImageOps.exif_transpose of Pillow)")
    }
    self.init(digest: Digest(of: bytes), type: header.type, width: header.width, height: header.height)
  }

  /// As ``init(json:)`` reads it.
  package var json: JSON {
    [
      "image": .string(name), "media_type": .string(type.rawValue), "width": .int(Int64(width)),
      "height": .int(Int64(height)),
    ]
  }

  /// Nil for what is no reference: other keys, or none of its own.
  package init?(json: JSON) {
    guard let fields = json.object, fields.count == 4,
      let digest = fields["image"]?.string.flatMap(Self.digest),
      let type = fields["media_type"]?.string.flatMap(ImageType.init),
      let width = fields["width"]?.int, let height = fields["height"]?.int, width > 0, height > 0
    else { return nil }
    self.init(digest: digest, type: type, width: Int(width), height: Int(height))
  }

  /// `sha256:` and 64 hex digits: as its bytes are named everywhere.
  package var name: String { Self.prefix + digest.hex }

  /// For people: `image/png 640x480 sha256:ab12cd34ef56…`.
  package var words: String {
    "\(type.rawValue) \(width)x\(height) \(Self.prefix)\(digest.hex.prefix(12))…"
  }

  package static let prefix = "sha256:"

  /// The digest that a ``name`` says; nil for another text.
  package static func digest(_ name: String) -> Digest? {
    guard name.hasPrefix(prefix) else { return nil }
    return Digest(hex: name.dropFirst(prefix.count))
  }
}

extension ImageReference: Codable {
  package init(from decoder: any Decoder) throws {
    let json = try JSON(from: decoder)
    guard let reference = ImageReference(json: json) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription:
            "expected a reference to an image (image, media_type, width, height), found \(json.kind)"
        ))
    }
    self = reference
  }

  package func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}

/// The kinds of images that models and trainers read.
package enum ImageType: String, Codable, Hashable, Sendable, CaseIterable {
  case png = "image/png"
  case jpeg = "image/jpeg"
  case webp = "image/webp"
  case gif = "image/gif"

  /// What a file of it is called, without the dot.
  package var ending: String {
    switch self {
    case .png: "png"
    case .jpeg: "jpg"
    case .webp: "webp"
    case .gif: "gif"
    }
  }
}

/// What an image may be at most; looked at before anything is decoded.
package struct ImageBounds: Hashable, Sendable {
  /// Of the file.
  package var bytes: Int
  /// Width times height: a file of a few kilobytes can unpack to gigabytes.
  package var pixels: Int

  package init(bytes: Int = 32 << 20, pixels: Int = 100_000_000) {
    self.bytes = bytes
    self.pixels = pixels
  }
}

/// Why something is no image that can be used.
package struct ImageFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The words that drops are counted by.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case noImage = "no image"
    case tooLarge = "image too large"
    case missing = "image missing"
    case turned = "image turned"
  }

  package let kind: Kind
  /// What was expected and what was found.
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }
}
