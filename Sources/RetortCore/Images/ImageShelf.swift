package import Foundation

/// Where images' bytes lie, each once, under the digest of its bytes: beside the store, or in memory in a test.
package protocol ImageShelf: Sendable {
  /// Puts bytes there that are known to be an image's; returns once they are durable, so that a row may name them.
  func put(_ bytes: Data, as image: ImageReference) async throws
  /// The bytes of a digest that some row names. Errors: ``ImageFault`` where they are missing or not those any more.
  func bytes(of digest: Digest) async throws -> Data
}

extension ImageShelf {
  /// Keeps an image, if it is one. Errors: ``ImageFault``, for what is none and beyond the bounds.
  package func keep(_ bytes: Data, within bounds: ImageBounds = ImageBounds()) async throws -> ImageReference
  {
    let image = try ImageReference(reading: bytes, within: bounds)
    try await put(bytes, as: image)
    return image
  }

  /// As ``bytes(of:)-(Digest)``.
  package func bytes(of image: ImageReference) async throws -> Data { try await bytes(of: image.digest) }
}

/// For checks, which keep nothing.
package struct NoImages: ImageShelf {
  package init() {}
  package func put(_ bytes: Data, as image: ImageReference) async throws {
    throw StageError("expected a store to keep images beside, found none")
  }
  package func bytes(of digest: Digest) async throws -> Data {
    throw ImageFault(.missing, "expected a store that has the image sha256:\(digest.hex), found none")
  }
}
