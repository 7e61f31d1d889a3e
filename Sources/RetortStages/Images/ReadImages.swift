internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Makes references of the images that a file's records name.
struct ReadImages: Sendable {
  static let help =
    "Columns that name images: a path relative to the data file, a data URI (`data:image/png;base64,…`), or a list of these; "
    + "each becomes a reference. A record whose image is missing, is none (PNG, JPEG, WebP, GIF) or has more than 32 MB or "
    + "100 million pixels is dropped. Default none."

  static let helpInside =
    "Columns with images that lie in the file: bytes, base64, a data URI, `{bytes, path}` as datasets of Hugging Face have them, "
    + "or a list of these; each becomes a reference. Paths are not followed, since what lies there would be no part of the key; "
    + "for what is dropped, see read-jsonl. Default none."

  /// Where the images of a file are.
  enum Place: Hashable, Sendable {
    /// Named by paths beside it, or in it as data URIs.
    case beside
    /// In it alone: its digest is theirs too.
    case inside
  }

  let columns: [String]
  let shelf: any ImageShelf
  var place = Place.beside
  /// Of all the images, as the step is known by it.
  var content: Digest?

  /// Errors: ``StageError`` for a key that names no column.
  init?(_ columns: [String]?, at place: Place = .beside, content: Digest? = nil, in workspace: Workspace)
    throws
  {
    guard let columns else { return nil }
    guard !columns.isEmpty else {
      throw StageError("images: expected at least one column, found none; leave it out to read none")
    }
    (self.columns, shelf, self.place, self.content) = (columns, workspace.images, place, content)
  }

  /// The record with its images on the shelf. Errors: ``BadRow``; the shelf's.
  func taken(_ row: JSON.Object, in file: DataFile) async throws -> JSON.Object {
    var row = row
    for column in columns {
      guard let value = row[column], !value.isNull else {
        // Null, and not left out: a stage that finds no such column was given another name.
        row[column] = .null
        continue
      }
      var entries: [JSON] = []
      for entry in value.array ?? [value] {
        let image: ImageReference
        do {
          if let known = ImageReference(json: entry) {
            // A row that an earlier stage has written.
            _ = try await shelf.bytes(of: known)
            image = known
          } else {
            image = try await shelf.keep(try bytes(entry, in: file))
          }
        } catch let fault as ImageFault {
          throw BadRow(fault.kind.rawValue, "'\(column)': \(fault.message)")
        }
        entries.append(image.json)
      }
      row[column] = value.array == nil ? entries[0] : .array(entries)
    }
    return row
  }

  /// Errors: ``ImageFault``.
  private func bytes(_ entry: JSON, in file: DataFile) throws -> Data {
    switch place {
    case .beside: try Self.bytes(entry, in: file)
    case .inside: try Self.bytes(inside: entry)
    }
  }

  /// Errors: ``ImageFault``.
  private static func bytes(inside entry: JSON) throws -> Data {
    let held = entry["bytes"] ?? entry
    guard let text = held.string, !text.isBlank else {
      throw ImageFault(
        .noImage, "expected an image's bytes in the file, found \(String(entry.text.prefix(100)))")
    }
    if text.hasPrefix("data:") { return try uri(text) }
    guard let bytes = Data(base64Encoded: text) else {
      throw ImageFault(
        .noImage,
        "expected an image's bytes in the file, found the text '\(text.prefix(60))'; read-jsonl and read-csv follow paths"
      )
    }
    return bytes
  }

  /// Nil for a data URI, and for what is no text.
  private static func path(_ entry: JSON) -> String? {
    guard let text = entry.string, !text.hasPrefix("data:") else { return nil }
    return text
  }

  /// Errors: ``ImageFault``.
  private static func bytes(_ entry: JSON, in file: DataFile) throws -> Data {
    guard let text = entry.string, !text.isBlank else {
      throw ImageFault(.noImage, "expected a path or a data URI, found \(String(entry.text.prefix(100)))")
    }
    guard let path = path(entry) else { return try uri(text) }
    return try ImageFile.bytes(
      URL(filePath: path, relativeTo: file.url.deletingLastPathComponent()), named: path)
  }

  /// Errors: ``ImageFault``.
  private static func uri(_ text: String) throws -> Data {
    guard let comma = text.prefix(200).firstIndex(of: ","), text[..<comma].hasSuffix(";base64"),
      let bytes = Data(base64Encoded: String(text[text.index(after: comma)...]))
    else {
      throw ImageFault(.noImage, "expected 'data:image/…;base64,' and base64, found \(text.prefix(60))…")
    }
    return bytes
  }

  // MARK: The key

  private enum ContentKeys: String, CodingKey { case imageContent = "image_content" }

  /// Writes the content beside a reader's own keys: part of its key, and no key of a file.
  static func encode(_ content: Digest?, to encoder: any Encoder) throws {
    guard let content else { return }
    var fields = encoder.container(keyedBy: ContentKeys.self)
    try fields.encode(content.description, forKey: .imageContent)
  }

  /// The content of the images that some files name by path, in their order, as far as they can be read; what cannot is told
  /// of when the rows are read.
  static func content(of columns: [String], in files: [DataFile], _ format: some ScannedFormat) -> Digest {
    var content = Digest(of: "")
    for file in files {
      try? format.scan(file) { record in
        guard case .success(let value) = record.value else { return }
        for column in columns {
          let cell = value[column] ?? .null
          for entry in cell.array ?? [cell] where path(entry) != nil {
            let found = (try? bytes(entry, in: file)).map { Digest(of: $0).hex } ?? "none"
            content = Digest(of: content.hex + found)
          }
        }
      }
    }
    return content
  }
}
