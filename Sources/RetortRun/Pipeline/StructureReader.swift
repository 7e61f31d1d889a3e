internal import Foundation
internal import RetortCore

extension NodeDecoder {
  /// Reads the structure file that this node names; its mistakes are told at their places in it. Texts stand as they are
  /// written: no `${NAME}` is looked up.
  func structureFile() throws -> StructureFile {
    let file = try TextFile(from: self)
    let folder = userInfo[.folder] as? URL ?? URL(filePath: ".")
    let inner = DecodingLog(folder: folder)
    let shown = PipelineReader.joined(folder.relativePath, file.path)
    let root = PlacedNode(yaml: file.text, file: shown, environment: nil) { inner.add($0) }
    let structure = root.flatMap { root in
      inner.mistakes.isEmpty ? NodeDecoder.decode(Structure.self, from: root, log: inner) : nil
    }
    if let root, let structure, inner.mistakes.isEmpty {
      for mistake in structure.mistakes {
        inner.add(Diagnostic(root.place(of: mistake), mistake.description))
      }
    }
    guard let root, let structure, inner.mistakes.isEmpty else {
      log.add(inner.mistakes, ofStructure: file.path)
      throw Placeholder.Impossible()
    }
    log.use(structure: root)
    return StructureFile(path: file.path, structure: structure, written: root.json)
  }
}

extension PlacedNode {
  /// Where the path of the error stands in this tree.
  func place(of error: StageError) -> FilePosition {
    guard let last = error.path.last else { return place }
    let parent = error.path.dropLast().reduce(self) { node, part in node.child(part) ?? node }
    return error.isAboutKey ? parent.place(of: last) : (parent.child(last) ?? parent).place
  }
}
