package import Foundation

/// A prompt template named in a pipeline file: a text file whose names are checked with the pipeline.
package struct PromptFile: Hashable, Sendable {
  package let file: TextFile

  package var path: String { file.path }
  package var text: String { file.text }

  package init(path: String, text: String) { file = TextFile(path: path, text: text) }
}

extension PromptFile: Codable {
  package init(from decoder: any Decoder) throws { file = try TextFile(from: decoder) }
  package func encode(to encoder: any Encoder) throws { try file.encode(to: encoder) }
}

/// A text file named in a pipeline file: decodes from a path, encodes as its content, so that editing the text redoes
/// what it touches and moving the file does not.
package struct TextFile: Hashable, Sendable {
  package let path: String
  package let text: String

  package init(path: String, text: String) {
    self.path = path
    self.text = text
  }
}

extension TextFile: Codable {
  package init(from decoder: any Decoder) throws {
    path = try decoder.singleValueContainer().decode(String.self)
    let data = try reading(path, decoder) { try FileReading.all(of: $0) }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "expected UTF-8 text in '\(path)'"))
    }
    self.text = text
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// A data file named in a pipeline file: decodes from a path, encodes as the digest of its content.
package struct DataFile: Hashable, Sendable {
  package let path: String
  package let url: URL
  package let digest: Digest

  package init(path: String, url: URL, digest: Digest) {
    self.path = path
    self.url = url
    self.digest = digest
  }

  /// A file as it is now. Errors: ``StageError``.
  package init(_ path: String, in folder: URL) throws {
    let url = URL(filePath: path, relativeTo: folder).standardizedFileURL
    self.init(path: path, url: url, digest: try FileReading.digest(of: url))
  }
}

extension DataFile: Codable {
  package init(from decoder: any Decoder) throws {
    try self.init(try decoder.singleValueContainer().decode(String.self), decoder)
  }

  /// The file at a path of what is decoded.
  init(_ path: String, _ decoder: any Decoder) throws {
    self.path = path
    url = fileURL(path, decoder)
    digest = try reading(path, decoder) { try FileReading.digest(of: $0) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(digest.description)
  }

  /// Errors: ``StageError`` where the content is not what it was when the pipeline was read.
  package func checkUnchanged() throws {
    guard try FileReading.digest(of: url) == digest else {
      throw StageError(
        "expected '\(path)' as it was when the run began, found it changed; run again, under its new content")
    }
  }
}

func fileURL(_ path: String, _ decoder: any Decoder) -> URL {
  let folder = decoder.userInfo[.folder] as? URL ?? URL(filePath: ".")
  return URL(filePath: path, relativeTo: folder).standardizedFileURL
}

private func reading<T>(_ path: String, _ decoder: any Decoder, _ read: (URL) throws -> T) throws -> T {
  let url = fileURL(path, decoder)
  (decoder.userInfo[.fileUse] as? FileUse)?.note(url)
  do { return try read(url) } catch {
    let kind = FileKind(following: url)
    let found = kind.map { $0 == .regular ? "one that cannot be read" : $0.words } ?? "none"
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: decoder.codingPath,
        debugDescription: "expected a readable file, found \(found) at '\(path)' (\(url.path))"))
  }
}

/// What a stage reads of a data file, unpacked where its name says that it is packed. At the end of the file it is held
/// against the digest that the step is known by: a file that somebody wrote to meanwhile would give rows under the name
/// of another content.
package final class DataFileReading {
  private let file: DataFile
  private let reading: FileReading
  /// Nil for a file that is what it is.
  private let unpacker: (any Unpacker)?
  private var isWhole = false

  /// Errors: ``StageError`` when the file cannot be read.
  package init(_ file: DataFile) throws {
    self.file = file
    reading = try FileReading(file.url)
    unpacker = try Packing(file.url)?.unpacker(of: file.path)
  }

  /// The first bytes of a file, `count` at most. Errors: ``StageError``.
  package static func head(of file: DataFile, count: Int) throws -> Data {
    let reading = try DataFileReading(file)
    var head = Data()
    while head.count < count, case let piece = try reading.read(upToCount: count - head.count), !piece.isEmpty
    {
      head += piece
    }
    return head
  }

  /// The next bytes, `count` at most; none at the end. Errors: ``StageError``, also at the end of a file that is not
  /// what it was when the pipeline was read.
  package func read(upToCount count: Int = 1 << 20) throws -> Data {
    guard let unpacker else { return try bytes(count) }
    return try unpacker.read(upToCount: count) { try bytes(1 << 16) }
  }

  /// The next bytes as they lie there.
  private func bytes(_ count: Int) throws -> Data {
    guard !isWhole else { return Data() }
    let data = try reading.read(upToCount: count)
    guard data.isEmpty else { return data }
    guard reading.digest == file.digest else {
      throw StageError(
        "expected '\(file.path)' as it was when the run began, found it changed: it was written to while it was "
          + "read; let that end, and run again")
    }
    isWhole = true
    return data
  }
}

extension DataFile {
  /// All of it, for what is parsed whole; nil for more than `limit` bytes. Errors: as of ``DataFileReading``.
  package func contents(limit: Int) throws -> Data? {
    let reading = try DataFileReading(self)
    var all = Data()
    while case let piece = try reading.read(), !piece.isEmpty {
      all += piece
      guard all.count <= limit else { return nil }
    }
    return all
  }
}
