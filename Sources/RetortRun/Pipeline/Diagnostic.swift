internal import RetortCore

/// One mistake and its place. The message says what was expected and what was found.
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  package let file: String
  /// From 1.
  package let line: Int
  /// From 1, in Unicode scalars.
  package let column: Int
  package let message: String

  package init(file: String, line: Int, column: Int, message: String) {
    self.file = file
    self.line = line
    self.column = column
    // What was found may be a key in the wrong place.
    self.message = KeyShape.hidden(message)
  }

  package init(_ place: FilePosition, _ message: String) {
    self.init(file: place.file, line: place.line, column: place.column, message: message)
  }

  package var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Every mistake of a pipeline file and of the files it names, in the order of their places.
package struct PipelineErrors: Error, Hashable, Sendable, CustomStringConvertible {
  package let diagnostics: [Diagnostic]

  package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

  package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// Where something stands in a text file.
package struct FilePosition: Hashable, Sendable, CustomStringConvertible {
  package let file: String
  package let line: Int
  package let column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  package var description: String { "\(file):\(line):\(column)" }
}
