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
}

extension DataFile: Codable {
  package init(from decoder: any Decoder) throws {
    path = try decoder.singleValueContainer().decode(String.self)
    url = fileURL(path, decoder)
    digest = try reading(path, decoder) { try FileReading.digest(of: $0) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(digest.description)
  }
}

/// A data file that somebody else makes, and that may not be there yet: decodes from a path, encodes as the digest of its
/// content, or null while there is none.
package struct AwaitedFile: Hashable, Sendable {
  package let path: String
  /// Nil while there is none.
  package let file: DataFile?

  package init(path: String, file: DataFile?) {
    self.path = path
    self.file = file
  }
}

extension AwaitedFile: Codable {
  package init(from decoder: any Decoder) throws {
    path = try decoder.singleValueContainer().decode(String.self)
    let url = fileURL(path, decoder)
    if FileKind(following: url) == nil {
      (decoder.userInfo[.fileUse] as? FileUse)?.note(url)
      file = nil
    } else {
      file = try DataFile(from: decoder)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(file?.digest.description)
  }
}

private func fileURL(_ path: String, _ decoder: any Decoder) -> URL {
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

/// What a stage reads of a data file. At the end of the file it is held against the digest that the step is known by:
/// a file that somebody wrote to meanwhile would give rows under the name of another content.
package final class DataFileReading {
  private let file: DataFile
  private let reading: FileReading
  private var isWhole = false

  /// Errors: ``StageError`` when the file cannot be read.
  package init(_ file: DataFile) throws {
    self.file = file
    reading = try FileReading(file.url)
  }

  /// The next bytes, `count` at most; none at the end. Errors: ``StageError``, also at the end of a file that is not
  /// what it was when the pipeline was read.
  package func read(upToCount count: Int = 1 << 20) throws -> Data {
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
