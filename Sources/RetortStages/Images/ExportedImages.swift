internal import OrderedCollections
internal import RetortCore

/// How a training file says where images stand.
enum ImageStyle: Hashable, Sendable {
  /// The mark `<image>` in the texts, and the files in a list beside the conversation, in their order.
  case marks
  /// Parts of a turn, each file in its own.
  case parts
}

/// The turns of a conversation whose texts have a mark for each of some images.
struct ExportedImages {
  /// Where its file lies beside the set, seen from the folder: as trainers read it that are started there.
  static func path(_ image: ImageReference) -> String { "images/\(image.digest.hex).\(image.type.ending)" }

  static func paths(_ images: [ImageReference]) -> JSON { .array(images.map { .string(path($0)) }) }

  private var rest: ArraySlice<ImageReference>

  init(_ images: [ImageReference]) { rest = images[...] }

  /// The parts of a text; each mark takes the next image.
  mutating func parts(_ text: String) -> JSON {
    var parts: [JSON] = []
    for (place, text) in text.components(marked: ImageColumns.mark).enumerated() {
      if place > 0, let image = rest.popFirst() {
        parts.append(["type": "image", "image": .string(Self.path(image))])
      }
      if !text.isEmpty { parts.append(["type": "text", "text": .string(text)]) }
    }
    // A turn has at least one.
    return .array(parts.isEmpty ? [["type": "text", "text": ""]] : parts)
  }

  /// A turn with its content as parts.
  mutating func turn(_ turn: JSON) -> JSON {
    guard var fields = turn.object, let text = fields["content"]?.string else { return turn }
    fields["content"] = parts(text)
    return .object(fields)
  }

  /// The turns with a mark for each image: where they have them, else before the user's last text. Errors: ``BadRow``.
  static func marked(_ turns: [JSON], showing images: [ImageReference]) throws(BadRow) -> [JSON] {
    let marks = turns.reduce(0) { count, turn in
      count + (turn["content"]?.string?.components(marked: ImageColumns.mark).count ?? 1) - 1
    }
    if marks == images.count { return turns }
    guard marks == 0, let last = turns.lastIndex(where: { $0["role"] == "user" }),
      var fields = turns[last].object,
      let text = fields["content"]?.string
    else {
      throw BadRow(
        "image marks",
        "expected the mark <image> once for each of \(images.count) images or not at all, found it \(marks) times"
      )
    }
    var marked = turns
    fields["content"] = .string(String(repeating: ImageColumns.mark, count: images.count) + text)
    marked[last] = .object(fields)
    return marked
  }

  /// A value of a row with the path of its file in place of each image, a reference or a list of them; `files` takes those.
  static func filed(_ value: JSON, _ files: inout [ImageReference]) -> JSON {
    if let image = ImageReference(json: value) {
      files.append(image)
      return .string(path(image))
    }
    let images = ImageWords.images(value)
    guard !images.isEmpty else { return value }
    files += images
    return paths(images)
  }

  /// A message's text with a mark for each of its images.
  static func text(of message: ChatMessage) -> String {
    guard let parts = MessagePart.list(message.wire?["content"]) else { return message.content }
    return parts.map { $0.text ?? ImageColumns.mark }.joined()
  }

  /// A text with a mark for each image, of a turn's content. Errors: ``BadRow`` for a text that has the mark without one:
  /// a trainer would look for its image.
  static func marked(
    _ content: JSON, at place: String, _ images: inout [ImageReference]
  ) throws(BadRow) -> String? {
    let parts = content.string.map { [MessagePart.text($0)] } ?? MessagePart.list(content)
    guard let parts else { return nil }
    if parts.contains(where: { $0.text?.contains(ImageColumns.mark) ?? false }) {
      throw BadRow(
        "image mark in a text",
        "expected no <image> in the text at '\(place)', which trainers read as an image's mark")
    }
    images += parts.compactMap(\.image)
    return parts.map { $0.text ?? ImageColumns.mark }.joined()
  }
}
