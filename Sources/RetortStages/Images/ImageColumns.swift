internal import OrderedCollections
internal import RetortCore

/// The columns whose images a model is shown with its prompt.
struct ImageColumns: Sendable {
  static let key = "images"
  static let help =
    "Columns with images, each a reference or a list of them, that the model is shown: before the prompt's text, or where it "
    + "has the mark `<image>` once for each. A row may have none. Default none."

  static let judgeHelp =
    "For a chat model as the judge: columns with images that it is shown before the text, each a reference or a list of them. "
    + "A row may have none. Default none."

  /// Where an image stands in a text.
  static let mark = "<image>"

  private let names: [String]

  /// Errors: ``StageError``.
  init(_ names: [String]?) throws {
    if names?.isEmpty == true {
      throw StageError("\(Self.key): expected at least one column, found none; leave it out to show no image")
    }
    self.names = names ?? []
  }

  /// Those that a judge is shown. Errors: ``StageError`` where no chat model is one.
  init(_ names: [String]?, judgedBy judge: ModelRef?) throws {
    guard names == nil || judge != nil else {
      throw StageError(
        "\(Self.key): expected a chat model as the judge with it, found none, and nothing else can be shown an image"
      )
    }
    try self.init(names)
  }

  var reads: [ColumnUse] { names.map { ColumnUse($0) } }

  /// In the order of the columns. Errors: ``BadRow``.
  func images(of row: Columns) throws(BadRow) -> [ImageReference] {
    var images: [ImageReference] = []
    for name in names {
      guard let value = row[name] else {
        throw BadRow(
          "no image column",
          "expected the column '\(name)', null where a row has no image, as a reader with 'images: [\(name)]' makes it, "
            + "found none")
      }
      if value.isNull { continue }
      for entry in value.array ?? [value] {
        guard let image = ImageReference(json: entry) else {
          throw BadRow(
            "no image",
            "expected a reference to an image in '\(name)', as a reader with 'images: [\(name)]' makes it, found "
              + String(entry.text.prefix(100)))
        }
        images.append(image)
      }
    }
    return images
  }

  /// The prompt of a row with its images in the last turn. Errors: ``BadRow``.
  ///
  /// - Parameter marks: whether marks in the text are places of images, and no words of what is judged.
  func shown(
    in prompt: [ChatMessage], of row: Columns, marks: Bool = true
  ) throws(BadRow) -> [ChatMessage] {
    let images = try images(of: row)
    guard !names.isEmpty, let last = prompt.lastIndex(where: { $0.role == .user }) else { return prompt }
    guard !images.isEmpty || marks && prompt[last].content.contains(Self.mark) else { return prompt }
    var prompt = prompt
    guard marks else {
      prompt[last] = .user(images.map { .image($0) } + [.text(prompt[last].content)])
      return prompt
    }
    prompt[last] = .user(try Self.parts(prompt[last].content, showing: images))
    return prompt
  }

  /// Errors: ``BadRow``.
  private static func parts(_ text: String, showing images: [ImageReference]) throws(BadRow) -> [MessagePart]
  {
    let texts = text.components(marked: mark)
    guard texts.count > 1 else { return images.map { .image($0) } + [.text(text)] }
    guard texts.count - 1 == images.count else {
      throw BadRow(
        "image marks",
        "expected the mark <image> once for each of \(images.count) images or not at all, found it \(texts.count - 1) times"
      )
    }
    var parts: [MessagePart] = []
    for (place, text) in texts.enumerated() {
      if !text.isEmpty { parts.append(.text(text)) }
      if place < images.count { parts.append(.image(images[place])) }
    }
    return parts
  }
}

extension String {
  /// The texts between marks; one where there is none.
  func components(marked mark: String) -> [String] {
    split(separator: mark, omittingEmptySubsequences: false).map(String.init)
  }
}
