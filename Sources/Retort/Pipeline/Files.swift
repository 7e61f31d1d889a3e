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
    let data = try readFile(path, decoder)
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
}

extension DataFile: Codable {
  package init(from decoder: any Decoder) throws {
    path = try decoder.singleValueContainer().decode(String.self)
    url = fileURL(path, decoder)
    digest = Digest(of: try readFile(path, decoder))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(digest.description)
  }
}

private func fileURL(_ path: String, _ decoder: any Decoder) -> URL {
  let folder = decoder.userInfo[.folder] as? URL ?? URL(filePath: ".")
  return URL(filePath: path, relativeTo: folder).standardizedFileURL
}

private func readFile(_ path: String, _ decoder: any Decoder) throws -> Data {
  let url = fileURL(path, decoder)
  (decoder as? NodeDecoder)?.log.use(file: url)
  do { return try Data(contentsOf: url, options: .mappedIfSafe) } catch {
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: decoder.codingPath,
        debugDescription: "expected a readable file, found none at '\(path)' (\(url.path))"))
  }
}
