internal import Foundation

/// A program that reads a script which is named among its arguments: enough is known of it to tell that the script is
/// not there.
struct Interpreter {
  /// How the names of its scripts end.
  private let endings: Set<String>
  /// Options that name the program, or are it, so that what follows is no script.
  private static let inline: Set<String> = [
    "-", "-c", "-m", "-e", "-E", "-p", "-r", "-s", "--eval", "--print", "--run", "--command", "--module",
  ]

  /// Nil for another program. `word`: as a pipeline file names it.
  init?(_ word: String) {
    let name = URL(filePath: word).lastPathComponent.prefix { !$0.isNumber }
    switch name {
    case "python", "pypy": endings = ["py", "pyc", "pyz"]
    case "node", "nodejs": endings = ["js", "mjs", "cjs", "ts"]
    case "ruby": endings = ["rb"]
    case "perl": endings = ["pl"]
    case "sh", "bash", "dash", "zsh", "ksh": endings = ["sh", "bash"]
    case "Rscript": endings = ["R", "r"]
    case "php": endings = ["php"]
    case "lua": endings = ["lua"]
    case "julia": endings = ["jl"]
    default: return nil
    }
  }

  /// The script of a program and its arguments that names no file; nil where there is one, or none can be told.
  static func lostScript(in words: [String], from folder: URL) -> String? {
    guard let first = words.first else { return nil }
    if URL(filePath: first).lastPathComponent == "env" {
      return lostScript(
        in: Array(words.dropFirst().drop { $0.hasPrefix("-") || $0.contains("=") }), from: folder)
    }
    return Interpreter(first)?.lostScript(among: words.dropFirst(), from: folder)
  }

  /// The values of options look like arguments, so that a name must tell that it is a script's: by its end, or, where no
  /// option stands before it, by being a path.
  private func lostScript(among arguments: ArraySlice<String>, from folder: URL) -> String? {
    let options = arguments.prefix { $0.hasPrefix("-") }
    guard !options.contains(where: Self.inline.contains) else { return nil }
    let words = arguments.dropFirst(options.count)
    let path = options.isEmpty ? words.first.flatMap { $0.contains("/") ? $0 : nil } : nil
    let script = path ?? words.first { endings.contains(URL(filePath: $0).pathExtension) }
    guard let script else { return nil }
    let names = [script] + endings.map { "\(script).\($0)" }
    let isThere = names.contains { FileKind(following: URL(filePath: $0, relativeTo: folder)) != nil }
    return isThere ? nil : script
  }
}
