internal import Foundation
internal import OrderedCollections

/// Only here is an image more than a reference: what is sent holds its bytes, and what is kept does not.
extension Exchange {
  /// The images that its messages show.
  private var images: Set<ImageReference> {
    guard promptName == Self.turns else { return [] }
    return Set(
      (fields[Self.turns]?.array ?? []).flatMap { MessagePart.list($0["content"]) ?? [] }.compactMap(\.image))
  }

  private static let turns = "messages"

  /// The exchange as it is sent, with the bytes of its images. Errors: ``StageError`` where a shelf lacks one,
  /// ``ModelError`` where the format cannot show any.
  func showing(_ shelf: any ImageShelf) async throws -> Exchange {
    let images = images
    guard !images.isEmpty else { return self }
    var parts: [ImageReference: JSON] = [:]
    for image in images {
      let bytes: Data
      do { bytes = try await shelf.bytes(of: image) } catch let fault as ImageFault {
        throw StageError("\(fault)")
      }
      guard let part = imagePart(image, bytes.base64EncodedString()) else {
        throw ModelError(
          .unsupported, "expected a model that can be shown images, found one whose format has none")
      }
      parts[image] = part
    }
    var shown = fields
    shown[Self.turns] = .array((fields[Self.turns]?.array ?? []).map { Self.turn($0, showing: parts) })
    return Exchange(path: path, fields: shown, usage: usage, read: read)
  }

  private static func turn(_ turn: JSON, showing images: [ImageReference: JSON]) -> JSON {
    guard var fields = turn.object, let parts = MessagePart.list(fields["content"]) else { return turn }
    fields["content"] = .array(parts.map { part in part.image.flatMap { images[$0] } ?? part.json })
    return .object(fields)
  }
}
