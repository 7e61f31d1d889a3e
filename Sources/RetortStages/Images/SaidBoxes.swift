internal import OrderedCollections
internal import RetortCore

extension AskedTool {
  /// The argument that says a box in an image: left, top, right, bottom.
  private static let box = "bbox_2d"

  /// The call with its box in pixels of the original image, which tools work on. A model says boxes in what it was shown.
  ///
  /// What is no box of four numbers is left for the tool to complain of.
  func boxed(as model: ModelSpec, in image: ImageReference?) -> AskedTool {
    guard let image, var fields = (try? JSON(parsing: arguments))?.object,
      let box = fields[Self.box]?.array?.compactMap(\.number), box.count == fields[Self.box]?.array?.count,
      let original = model.original(box, in: image)
    else { return self }
    fields[Self.box] = .array(original.map { .int($0) })
    return AskedTool(id: id, name: name, arguments: JSON.object(fields).text)
  }
}
