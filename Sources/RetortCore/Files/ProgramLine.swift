package import Foundation

/// A program named in a pipeline file, with its arguments: decodes from a list of words, encodes with the content of its
/// files in the place of their paths, so that editing the program redoes what it made and moving it does not.
///
/// The first word is the program: a path from the pipeline file's folder where it has a `/`, else found on the PATH. Its
/// content counts where it is a path. Unless that is a script, it may be an interpreter (`python3 my-step.py`): then the
/// first argument that names a file counts by its content, too.
package struct ProgramLine: Hashable, Sendable {
  /// As the file has them.
  package let words: [String]
  /// Those among the words that count by their content, by place.
  private let contents: [Int: DataFile]

  /// Without a file.
  package init(words: [String]) {
    self.words = words
    contents = [:]
  }

  /// What counts by its content.
  package var files: [DataFile] { contents.sorted { $0.key < $1.key }.map(\.value) }
}

extension ProgramLine: Codable {
  package init(from decoder: any Decoder) throws {
    let words = try decoder.singleValueContainer().decode([String].self)
    func mistake(_ words: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: words))
    }
    guard let first = words.first, !first.isEmpty else {
      throw mistake("expected a program and its arguments, found none")
    }
    let folder = decoder.userInfo[.folder] as? URL ?? URL(filePath: ".")
    var places: [Int] = []
    do {
      let program = try Self.program(first, from: folder)
      let isScript = try Self.isScript(program)
      if first.contains("/") { places.append(0) }
      // What is found on the PATH may be a script that starts the interpreter of its name.
      if !first.contains("/") || !isScript {
        if let script = Interpreter.lostScript(in: words, from: folder) {
          throw StageError("expected a script for '\(first)' to read, found none at '\(script)'")
        }
        let argument = words.indices.dropFirst().first {
          FileKind(following: URL(filePath: words[$0], relativeTo: folder)) == .regular
        }
        if let argument { places.append(argument) }
      }
    } catch { throw mistake("\(error)") }
    var contents: [Int: DataFile] = [:]
    for place in places { contents[place] = try DataFile(words[place], decoder) }
    self.words = words
    self.contents = contents
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(words.enumerated().map { contents[$0.offset]?.digest.description ?? $0.element })
  }

  /// Where the program is that a first word names. Errors: ``StageError`` where there is none that may be executed.
  package static func program(
    _ word: String, from folder: URL,
    path: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  ) throws -> URL {
    if word.contains("/") {
      let url = URL(filePath: word, relativeTo: folder).standardizedFileURL
      let kind = FileKind(following: url)
      guard kind == .regular else {
        throw StageError("expected a program at '\(word)', found \(kind?.words ?? "none")")
      }
      guard access(url.path, X_OK) == 0 else {
        throw StageError(
          "expected a program at '\(word)', found a file that may not be executed; chmod +x \(ShellWord(url.path))"
        )
      }
      return url
    }
    for folder in path.split(separator: ":") {
      let url = URL(filePath: String(folder)).appending(path: word)
      if FileKind(following: url) == .regular, access(url.path, X_OK) == 0 { return url }
    }
    let isBeside = FileKind(following: URL(filePath: word, relativeTo: folder)) == .regular
    throw StageError(
      "expected a program on the PATH, found no '\(word)'"
        + (isBeside ? "; write './\(word)' for the one beside the pipeline file" : ""))
  }

  /// Whether it says itself who reads it. Errors: ``StageError`` where the system would not know how to execute it.
  private static func isScript(_ program: URL) throws -> Bool {
    let start = try FileReading(program).read(upToCount: 4)
    if start.starts(with: Data("#!".utf8)) { return true }
    guard start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      throw StageError(
        "expected a program at '\(program.path)', found a text that does not say who reads it: its first line is to be "
          + "like #!/usr/bin/env python3")
    }
    return false
  }
}
