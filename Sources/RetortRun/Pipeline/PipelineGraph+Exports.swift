internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Where exports write: not where the pipeline reads, nor where another export does, and not over what no export made.
extension PipelineGraph {
  mutating func checkExports() {
    var inputs: OrderedDictionary<String, (path: String, words: String)> = [:]
    let reads = drafts.values.flatMap { draft in
      draft.files.sorted { $0.path < $1.path }.map { ($0, "which '\(draft.written.name)' reads") }
    }
    for (url, words) in [(file, "the pipeline file")] + reads {
      for key in PathIdentity.keys(of: url) where inputs[key] == nil {
        inputs[key] = (PathIdentity.canonical(url), words)
      }
    }
    var taken: [String: (stage: String, place: FilePosition)] = [:]
    for draft in drafts.values {
      for destination in draft.entry?.destinations ?? [] {
        guard let node = draft.written.with[destination.key], let path = node.string else { continue }
        guard !path.isEmpty else {
          report(node.place, "expected a path, found an empty one")
          continue
        }
        let root = URL(filePath: path, relativeTo: file.deletingLastPathComponent()).standardizedFileURL
        let targets = [root] + draft.writes.flatMap { [$0.url, $0.partial] }
        let keys = OrderedSet(targets.flatMap(PathIdentity.keys))
        if let mistake = conflict(of: path, root, isFolder: destination.isFolder, keys, with: inputs) {
          report(node.place, mistake)
        } else if let other = keys.lazy.compactMap({ taken[$0] }).first {
          report(
            node.place,
            "expected a path that no other export writes, found '\(path)', which '\(other.stage)' writes at "
              + "\(other.place)")
        } else if let mistake = obstacle(at: root, path, isFolder: destination.isFolder) {
          report(node.place, mistake)
        }
        for key in keys where taken[key] == nil { taken[key] = (draft.written.name, node.place) }
      }
    }
    checkFormats()
  }

  /// Loaders take a folder for a dataset of one format, and all that lies below it for a part of it.
  private mutating func checkFormats() {
    var files: [(path: String, whole: String, node: PlacedNode, isDataset: Bool)] = []
    for draft in drafts.values {
      for destination in draft.entry?.destinations ?? [] {
        guard let node = draft.written.with[destination.key], let path = node.string, !path.isEmpty else {
          continue
        }
        let url = URL(filePath: path, relativeTo: file.deletingLastPathComponent()).standardizedFileURL
        files.append((path, PathIdentity.canonical(url), node, destination.isDataset))
      }
    }
    let sets = files.filter(\.isDataset).map {
      ($0.path, URL(filePath: $0.whole).deletingLastPathComponent().path + "/")
    }
    for other in files where !other.isDataset {
      guard let set = sets.first(where: { other.whole.hasPrefix($0.1) })?.0 else { continue }
      report(
        other.node.place,
        "expected another folder than that of '\(set)', since a folder of two formats is loaded as no dataset, "
          + "found '\(other.path)'")
    }
  }

  private func conflict(
    of path: String, _ root: URL, isFolder: Bool, _ keys: OrderedSet<String>,
    with inputs: OrderedDictionary<String, (path: String, words: String)>
  ) -> String? {
    let start = "expected a path of its own, since exports replace what is there; found '\(path)', "
    let own = PathIdentity.canonical(root)
    if let input = keys.lazy.compactMap({ inputs[$0] }).first {
      return start + (input.path == own ? input.words : "which writes to \(input.path), \(input.words)")
    }
    guard isFolder else { return nil }
    let real = PathIdentity.canonical(root.appending(path: "x")).dropLast(1)
    return inputs.values.first { $0.path.hasPrefix(real) }.map {
      start + "which holds \($0.path), \($0.words)"
    }
  }

  /// What an export could not write over, as far as can be seen without its store.
  private func obstacle(at root: URL, _ path: String, isFolder: Bool) -> String? {
    let found: FileKind?
    if isFolder {
      found = FileKind(following: root).flatMap { $0 == .folder ? nil : $0 }
    } else {
      found = (try? FileKind(at: root)).flatMap { $0 == .regular ? nil : $0 }
    }
    return found.map {
      "expected no file at '\(path)', or one that retort wrote, found \($0.words) that retort did not make; name "
        + "another path, or move what is there away"
    }
  }
}
