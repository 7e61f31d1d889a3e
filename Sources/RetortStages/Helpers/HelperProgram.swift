internal import Foundation
internal import RetortCore

/// What a helper process is started from.
struct HelperProgram: Sendable {
  /// The program, relative to `folder` or found on the PATH, and its arguments.
  let words: [String]
  /// Where it is started: the pipeline file's folder.
  let folder: URL
  let environment: [String: String]
  /// Cuts keys out of what it says.
  let redaction: Redaction
  /// As a message names it.
  let name: String

  /// - Parameters:
  ///   - own: the variables that the file names for it, though they may hold keys.
  ///   - set: variables that are set for it.
  ///   - name: its words, unless told otherwise.
  init(
    _ words: [String], folder: URL, in surroundings: ProgramSurroundings = ProgramSurroundings(),
    naming own: Set<String> = [], setting set: [String: String] = [:], name: String? = nil
  ) {
    self.words = words
    self.name = String((name ?? words.joined(separator: " ")).prefix(200))
    self.folder = folder
    // Else Python keeps back what it prints into a pipe, and both sides wait.
    environment = surroundings.variables(naming: own).merging(["PYTHONUNBUFFERED": "1"]) { own, _ in own }
      .merging(set) { $1 }
    redaction = surroundings.redaction(naming: own)
  }

  /// Where the program is. Errors: ``StageError`` where there is none that may be executed.
  func url() throws -> URL {
    guard let first = words.first else { throw StageError("expected a program, found none") }
    guard let path = environment["PATH"] else { return try ProgramLine.program(first, from: folder) }
    return try ProgramLine.program(first, from: folder, path: path)
  }
}
