/// A structure file named in a pipeline file: decodes from a path, where pipeline files are read, and encodes as what is
/// written in it, so that neither its place nor its comments are part of a step's key.
package struct StructureFile: Sendable {
  package let path: String
  package let structure: Structure
  private let written: JSON

  package init(path: String, structure: Structure, written: JSON) {
    self.path = path
    self.structure = structure
    self.written = written
  }

  /// Stands in where a path has mistakes, and where only the shape of a configuration is asked for.
  package static let placeholder = StructureFile(path: "", structure: .empty, written: .null)

  /// As its JSON says it. Errors: `DecodingError`; ``StageErrors`` for what does not hang together.
  package init(path: String, _ written: JSON) throws {
    let structure = try written.decode(Structure.self)
    let mistakes = structure.mistakes
    guard mistakes.isEmpty else { throw StageErrors(mistakes) }
    self.init(path: path, structure: structure, written: written)
  }
}

extension StructureFile: Codable {
  package init(from decoder: any Decoder) throws {
    throw DecodingError.dataCorrupted(
      .init(codingPath: decoder.codingPath, debugDescription: "expected a structure file in a pipeline file"))
  }

  package func encode(to encoder: any Encoder) throws { try written.encode(to: encoder) }
}
