internal import Foundation

/// A path with wildcards: `*` and `?` stand for any letters and for one of a name, `[a-c]` and `[!a]` for one of some
/// letters, and `**` for any folders, none included. Names that begin with a dot fit only what begins with one.
struct FilePattern {
  /// Names that may be looked at before a pattern is given up: one that begins too far up walks a whole disk.
  static let limit = 1_000_000

  private let parts: [String]
  private let isAbsolute: Bool

  /// Nil for a path without wildcards.
  init?(_ path: String) {
    guard path.contains(where: { "*?[".contains($0) }) else { return nil }
    isAbsolute = path.hasPrefix("/")
    let parts = path.split(separator: "/").map(String.init)
    self.parts = parts.last == "**" ? parts + ["*"] : parts
  }

  /// The paths that fit and lead to no folder, as the pattern writes them, in the order of their bytes. Errors:
  /// ``StageError`` for a folder that cannot be looked into, and for more than ``limit`` names.
  func paths(in folder: URL) throws -> [String] {
    var walk = Walk(folder: folder)
    try walk.go(isAbsolute ? "/" : "", parts[...])
    return walk.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private struct Walk {
    let folder: URL
    var found: Set<String> = []
    private var looked = 0

    init(folder: URL) { self.folder = folder }

    mutating func go(_ place: String, _ rest: ArraySlice<String>) throws {
      guard let part = rest.first else {
        found.insert(place)
        return
      }
      let after = rest.dropFirst()
      if part == "**" {
        try go(place, after)
        for name in try names(in: place) where !name.hasPrefix(".") {
          let path = Self.join(place, name)
          if try kind(path, following: false) == .folder { try go(path, rest) }
        }
      } else if FilePattern(part) == nil {
        let path = Self.join(place, part)
        if try after.isEmpty ? kind(path, following: false) != nil : kind(path, following: true) == .folder {
          try go(path, after)
        }
      } else {
        for name in try names(in: place) where FilePattern.fits(name, part) {
          let path = Self.join(place, name)
          if (try kind(path, following: true) == .folder) != after.isEmpty { try go(path, after) }
        }
      }
    }

    private mutating func names(in place: String) throws -> [String] {
      let path = url(place).path
      guard FileKind(following: url(place)) == .folder else { return [] }
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
        throw StageError("expected a folder that can be looked into at '\(path)'")
      }
      looked += names.count
      guard looked <= FilePattern.limit else {
        throw StageError("expected at most \(FilePattern.limit) names to look at, found more up to '\(path)'")
      }
      return names
    }

    private func kind(_ path: String, following: Bool) throws -> FileKind? {
      following ? FileKind(following: url(path)) : try FileKind(at: url(path))
    }

    private func url(_ path: String) -> URL {
      URL(filePath: path.isEmpty ? "." : path, relativeTo: folder).standardizedFileURL
    }

    private static func join(_ place: String, _ name: String) -> String {
      place.isEmpty || place == "/" ? place + name : "\(place)/\(name)"
    }
  }
}

// MARK: - One name

extension FilePattern {
  static func fits(_ name: String, _ pattern: String) -> Bool {
    guard !name.hasPrefix(".") || pattern.hasPrefix(".") else { return false }
    let name = Array(name.unicodeScalars)
    let marks = marks(of: pattern)
    var (at, mark) = (0, 0)
    // Where the last star stands, and where what follows it was tried.
    var star: (mark: Int, at: Int)?
    while at < name.count {
      if mark < marks.count, marks[mark].isStar {
        star = (mark, at)
        mark += 1
      } else if mark < marks.count, marks[mark].fits(name[at]) {
        (at, mark) = (at + 1, mark + 1)
      } else if let last = star {
        (at, mark) = (last.at + 1, last.mark + 1)
        star?.at = at
      } else {
        return false
      }
    }
    return marks[mark...].allSatisfy(\.isStar)
  }

  private enum Mark {
    case star, any
    case one(Unicode.Scalar)
    case some([ClosedRange<Unicode.Scalar>], but: Bool)

    var isStar: Bool { if case .star = self { true } else { false } }

    func fits(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .star: false
      case .any: true
      case .one(let own): own == scalar
      case .some(let ranges, let but): ranges.contains { $0.contains(scalar) } != but
      }
    }
  }

  private static func marks(of pattern: String) -> [Mark] {
    let scalars = Array(pattern.unicodeScalars)
    var marks: [Mark] = []
    var at = 0
    while at < scalars.count {
      switch scalars[at] {
      case "*": marks.append(.star)
      case "?": marks.append(.any)
      case "[":
        if let (mark, end) = bracket(scalars, from: at) {
          marks.append(mark)
          at = end
        } else {
          marks.append(.one("["))
        }
      case let scalar: marks.append(.one(scalar))
      }
      at += 1
    }
    return marks
  }

  /// Nil for a bracket that nothing closes, which stands for itself.
  private static func bracket(_ scalars: [Unicode.Scalar], from start: Int) -> (Mark, end: Int)? {
    let but = start + 1 < scalars.count && "!^".unicodeScalars.contains(scalars[start + 1])
    let first = start + (but ? 2 : 1)
    // One that closes nothing yet is a letter like others.
    guard first < scalars.count, let end = scalars[(first + 1)...].firstIndex(of: "]") else { return nil }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var at = first
    while at < end {
      if at + 2 < end, scalars[at + 1] == "-", scalars[at] <= scalars[at + 2] {
        ranges.append(scalars[at]...scalars[at + 2])
        at += 3
      } else {
        ranges.append(scalars[at]...scalars[at])
        at += 1
      }
    }
    return (.some(ranges, but: but), end)
  }
}
