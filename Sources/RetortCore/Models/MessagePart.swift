internal import OrderedCollections

/// What a turn is made of where it shows images.
package enum MessagePart: Hashable, Sendable {
  case text(String)
  case image(ImageReference)

  package var json: JSON {
    switch self {
    case .text(let text): ["type": "text", "text": .string(text)]
    case .image(let image): ["type": "image", "image": image.json]
    }
  }

  package init?(json: JSON) {
    switch json["type"]?.string {
    case "text":
      guard let text = json["text"]?.string else { return nil }
      self = .text(text)
    case "image":
      guard let image = json["image"].flatMap(ImageReference.init(json:)) else { return nil }
      self = .image(image)
    default: return nil
    }
  }

  package var image: ImageReference? { if case .image(let image) = self { image } else { nil } }
  package var text: String? { if case .text(let text) = self { text } else { nil } }

  /// The parts of a turn's content; nil for a plain text, and for parts of another kind.
  package static func list(_ content: JSON?) -> [MessagePart]? {
    guard let list = content?.array else { return nil }
    let parts = list.compactMap(MessagePart.init(json:))
    return parts.count == list.count ? parts : nil
  }
}

extension [MessagePart] {
  /// The same with texts that follow each other as one.
  package var joiningTexts: [MessagePart] {
    reduce(into: []) { parts, part in
      if case .text(let text) = part, case .text(let before)? = parts.last {
        parts[parts.count - 1] = .text(before + text)
      } else {
        parts.append(part)
      }
    }
  }
}

extension ChatMessage {
  /// A user's turn of texts and images; a plain one where there is no image.
  package static func user(_ parts: [MessagePart]) -> ChatMessage {
    var message = ChatMessage(.user, parts.compactMap(\.text).joined())
    guard parts.contains(where: { $0.image != nil }) else { return message }
    message.wire = ["role": "user", "content": .array(parts.map(\.json))]
    return message
  }

  /// What it shows, in order.
  package var images: [ImageReference] {
    wire.flatMap { MessagePart.list($0["content"]) }?.compactMap(\.image) ?? []
  }
}

extension Sequence<ChatMessage> {
  /// Estimated tokens: four around each message, as chat templates have it, and those of its images.
  ///
  /// - Parameter maxPixels: of the copy that the model is shown of an image; nil for the usual bound.
  package func estimate(maxPixels: Int? = nil) -> Int {
    reduce(0) { sum, message in
      sum + 4 + TokenEstimate.bytes(message.wire?.text ?? message.content)
        + message.images.reduce(0) { $0 + ShownImage($1, maxPixels: maxPixels).tokens }
    }
  }
}
