internal import Foundation
internal import OrderedCollections

/// Only here is an image more than a reference: what is sent holds its bytes, and what is kept does not.
extension Exchange {
  /// The images that are shown in what is asked.
  private var images: Set<ImageReference> {
    var found: Set<ImageReference> = []
    Self.visit(promptName.flatMap { fields[$0] } ?? .null) { found.insert($0) }
    return found
  }

  /// Each image under a value, however deep a format puts it.
  private static func visit(_ json: JSON, _ see: (ImageReference) -> Void) {
    switch json {
    case .array(let elements): for element in elements { visit(element, see) }
    case .object(let fields):
      if let image = MessagePart(json: json)?.image { return see(image) }
      for value in fields.values { visit(value, see) }
    default: break
    }
  }

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
    guard let promptName else { return self }
    var shown = fields
    shown[promptName] = Self.shown(fields[promptName] ?? .null, parts)
    return Exchange(path: path, fields: shown, usage: usage, read: read)
  }

  /// The same with each image in the words of the format.
  private static func shown(_ json: JSON, _ parts: [ImageReference: JSON]) -> JSON {
    switch json {
    case .array(let elements): .array(elements.map { shown($0, parts) })
    case .object(let fields):
      MessagePart(json: json)?.image.flatMap { parts[$0] } ?? .object(fields.mapValues { shown($0, parts) })
    default: json
    }
  }
}
