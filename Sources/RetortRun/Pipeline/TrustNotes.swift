package import Foundation
internal import OrderedCollections
internal import RetortCore

/// What whoever runs a pipeline file lets it do beyond its own folder. None of it is a mistake; all of it is worth a look
/// before a file from somebody else is run.
///
/// Each note has its place in the file: paths that lead out of the file's folder, environment variables that go into
/// what is sent or named, and keys that would go to another machine without encryption.
struct TrustNotes {
  private let folder: URL
  private let base: String
  private var notes: [Diagnostic] = []

  private init(folder: URL) {
    self.folder = folder
    base = Self.real(folder.path)
  }

  /// Notes on a file that was read without a mistake.
  static func notes(
    on file: URL, environment: [String: String], settings: [String]
  ) throws -> [Diagnostic] {
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    var notes = TrustNotes(folder: file.deletingLastPathComponent())
    func tree(_ variables: [String: String]) -> PlacedNode? {
      let reader = EnvironmentReader(variables: variables)
      let root = PlacedNode(yaml: text, file: file.relativePath, environment: reader) { _ in }
      return root.map { root in
        settings.reduce(root) { PipelineSettings(environment: reader).apply($1, to: $0) { _ in } }
      }
    }
    // Each variable stands for itself, so that it can be seen where it goes.
    let written = ([text] + settings).joined(separator: "\n")
    let names = Set(written.matches(of: /\$\{([A-Za-z_][A-Za-z0-9_]*)/).map { String($0.1) })
    let marks = Dictionary(uniqueKeysWithValues: names.map { ($0, "\(mark)\($0)\(mark)") })
    guard let real = tree(environment), let marked = tree(marks) else { return [] }
    for section in ["models", "tools"] {
      for (name, entry) in real[section]?.entries ?? [:] { notes.look(at: entry.node, of: name) }
    }
    for (name, entry) in real["stages"]?.entries ?? [:] { notes.look(at: entry.node["with"], of: name) }
    for (_, block) in real["rounds"]?.entries ?? [:] {
      for (name, entry) in block.node["stages"]?.entries ?? [:] {
        notes.look(at: entry.node["with"], of: name)
      }
    }
    for section in ["models", "tools", "stages", "rounds"] {
      for (name, entry) in marked[section]?.entries ?? [:] {
        notes.variables(in: entry.node, "\(section).\(name)")
      }
    }
    return notes.notes.sorted { ($0.file, $0.line, $0.column) < ($1.file, $1.line, $1.column) }
  }

  private static let mark = "\u{1}"

  private mutating func look(at model: PlacedNode, of alias: String) {
    if let program = model["launch"]?.list?.first, let path = program.string, let outside = outside(path) {
      note(program.place, "\(alias) launches \(outside), outside the file's folder")
    }
    let hasKey = ["api_key_env", "headers_env", "key_env"].contains {
      model[$0].map { $0.scalar != .null } ?? false
    }
    if hasKey, let endpoint = model["endpoint"] ?? model["url"], let address = endpoint.string,
      let host = Self.foreignHost(address)
    {
      note(endpoint.place, "\(alias) sends a key to \(host) over http, which anybody on the way can read")
    }
  }

  private mutating func look(at config: PlacedNode?, of stage: String) {
    for key in ["run", "command"] {
      guard let program = config?[key]?.list?.first, let word = program.string, !word.isEmpty else {
        continue
      }
      let path = word.contains("/") ? word : (try? ProgramLine.program(word, from: folder))?.path
      if let path, let outside = outside(path) {
        note(program.place, "\(stage) starts \(outside), outside the file's folder")
      } else if path == nil {
        note(program.place, "\(stage) starts '\(word)', which is not found on the PATH")
      }
    }
    for key in ["file", "files", "folder", "prompt"] {
      guard let value = config?[key] else { continue }
      for node in value.list ?? [value] {
        guard let path = node.string, let outside = outside(path) else { continue }
        note(node.place, "\(stage) names \(outside) under '\(key)', outside the file's folder")
      }
    }
  }

  private mutating func variables(in node: PlacedNode, _ path: String) {
    if let text = node.string {
      let names = text.matches(of: /\u{1}(\w+)\u{1}/).map { String($0.1) }
      for name in Set(names).sorted() {
        note(node.place, "the environment variable \(name) goes into \(path)")
      }
    }
    for child in node.list ?? [] { variables(in: child, path) }
    for (name, entry) in node.entries ?? [:] { variables(in: entry.node, "\(path).\(name)") }
  }

  private mutating func note(_ place: FilePosition, _ words: String) {
    notes.append(Diagnostic(place, words))
  }

  /// The whole path where it leads out of the file's folder, links followed.
  private func outside(_ path: String) -> String? {
    let whole = Self.real(URL(filePath: path, relativeTo: folder).standardizedFileURL.path)
    return whole == base || whole.hasPrefix(base == "/" ? base : base + "/") ? nil : whole
  }

  /// A path without links, as far as it leads to something.
  private static func real(_ path: String) -> String {
    if let found = realpath(path, nil) {
      defer { free(found) }
      return String(cString: found)
    }
    let url = URL(filePath: path)
    guard path != "/", url.deletingLastPathComponent().path != path else { return path }
    let parent = real(url.deletingLastPathComponent().path)
    return (parent == "/" ? "" : parent) + "/" + url.lastPathComponent
  }

  /// The host of an address over plain http, where it is another machine.
  private static func foreignHost(_ address: String) -> String? {
    guard address.lowercased().hasPrefix("http://"), let host = URL(string: address)?.host() else {
      return nil
    }
    let plain = host.lowercased()
    let isHere =
      plain == "localhost" || plain.hasSuffix(".localhost") || plain == "::1" || plain == "[::1]"
      || plain.wholeMatch(of: /127(\.[0-9]{1,3}){3}/) != nil
    return isHere ? nil : host
  }
}

extension Pipeline {
  /// What a pipeline file may do beyond its own folder, each with its place, as `FILE:LINE:COLUMN: …`.
  package static func trustNotes(
    on file: URL, environment: [String: String] = ProcessInfo.processInfo.environment, settings: [String] = []
  ) throws -> [String] {
    try TrustNotes.notes(on: file, environment: environment, settings: settings).map { "\($0)" }
  }
}
