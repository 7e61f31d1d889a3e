internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Makes references of the images that a file's records name.
struct ReadImages: Sendable {
  static let help =
    "Columns that name images: a path relative to the data file, a data URI (`data:image/png;base64,…`), or a list of these; "
    + "each becomes a reference. A record whose image is missing, is none (PNG, JPEG, WebP, GIF) or has more than 32 MB or "
    + "100 million pixels is dropped. Default none."

  let columns: [String]
  let shelf: any ImageShelf
  /// Of all the images, as the step is known by it.
  let content: Digest?

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
            image = try await shelf.keep(try Self.bytes(entry, in: file))
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
