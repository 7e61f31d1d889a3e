internal import OrderedCollections

/// Images in a value, for people.
package enum ImageWords {
  /// The images that a value of a row is: a reference, or a list of them. Empty for anything else.
  package static func images(_ value: JSON) -> [ImageReference] {
    if let image = ImageReference(json: value) { return [image] }
    guard let list = value.array, !list.isEmpty else { return [] }
    let images = list.compactMap(ImageReference.init(json:))
    return images.count == list.count ? images : []
  }

  /// A value as text, images by their words: a text as it is, anything else as JSON.
  package static func text(_ value: JSON) -> String {
    if let text = value.string { return text }
    let images = images(value)
    if !images.isEmpty { return images.map(\.words).joined(separator: "\n") }
    guard let parts = MessagePart.list(value), !parts.isEmpty else { return value.text }
    return parts.map { $0.text ?? "[\($0.image?.words ?? "")]" }.joined(separator: "\n")
  }
}
