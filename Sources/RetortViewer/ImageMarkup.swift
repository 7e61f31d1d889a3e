internal import HTTPTypes
internal import Hummingbird
internal import RetortCore
internal import RetortReport

/// Images on pages: each by its digest, from the store's own shelf.
enum ImageMarkup {
  static func pictures(_ images: [ImageReference]) -> HTMLText {
    guard !images.isEmpty else { return "" }
    let pictures = images.map { image -> HTMLText in
      let address = "/images/\(image.digest.hex)"
      return """
        <figure><a href="\(address)"><img src="\(address)" alt="\(image.words)" loading="lazy"></a>\
        <figcaption class="soft">\(image.words)</figcaption></figure>
        """
    }
    return "<div class=\"images\">\(HTMLText(pictures))</div>"
  }

  /// A turn's content, with its images beside its texts.
  static func content(_ content: JSON, limit: Int) -> HTMLText {
    guard let parts = MessagePart.list(content), !parts.isEmpty else {
      let text = PageParts.value(content)
      return text.isEmpty ? "" : PageParts.verbatim(text, limit: limit)
    }
    return HTMLText(
      parts.map { part -> HTMLText in
        switch part {
        case .text(let text): text.isEmpty ? "" : PageParts.verbatim(text, limit: limit)
        case .image(let image): pictures([image])
        }
      })
  }

  /// The bytes of an image that the store has, as the type that they are. Errors: ``Refusal`` for what it has not.
  static func response(_ hex: String, from shelf: any ImageShelf) async throws -> Response {
    guard let digest = Digest(hex: hex) else {
      throw Refusal(.notFound, "expected an image's digest of 64 hex digits, found '\(hex.prefix(80))'")
    }
    do {
      let bytes = try await shelf.bytes(of: digest)
      // What stands there is looked at again: a browser is told no type that the bytes are not of.
      let image = try ImageReference(reading: bytes)
      return Response(
        status: .ok, headers: [.contentType: image.type.rawValue],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    } catch let fault as ImageFault { throw Refusal(.notFound, fault.message) }
  }
}
