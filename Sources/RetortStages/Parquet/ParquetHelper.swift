package import Foundation
internal import OrderedCollections
internal import RetortCore

/// DuckDB, which reads and writes Parquet, in a process of its own (`parquet.py`, which is part of this program).
package struct ParquetHelper: Sendable {
  private let helper: Helper

  /// A download of a file may take so long.
  private static let patience = Duration.seconds(3600)

  /// - Parameter asksHub: whether it is to fetch files of a dataset, with the key in `HF_TOKEN`.
  init(in workspace: Workspace, asksHub: Bool = false) {
    helper = Helper(
      Self.program([], in: workspace.folder, workspace.surroundings, naming: asksHub ? ["HF_TOKEN"] : []),
      .init(greeting: .seconds(120), patience: Self.patience, longest: 512 << 20), purpose: "Parquet",
      remedy: "`retort doctor --install parquet` fetches what it needs", say: workspace.say)
  }

  private static func program(
    _ arguments: [String], in folder: URL, _ surroundings: ProgramSurroundings, naming own: Set<String> = []
  ) -> HelperProgram {
    HelperProgram(
      ["python3", "-c", String(decoding: PackageResources.parquet_py, as: UTF8.self)] + arguments,
      folder: folder, in: surroundings, naming: own, name: "python3 parquet.py")
  }

  /// Begins to read a file.
  /// - Parameters:
  ///   - file: a path, or an address that begins with `hf://`.
  ///   - columns: those that are read; nil for all.
  /// - Returns: the commit that the address means; nil for a path.
  func open(_ file: String, _ columns: [String]?) async throws -> String? {
    let names = columns.map { JSON.array($0.map { .string($0) }) } ?? .null
    return try await ask(["open": .string(file), "columns": names])["commit"]?.string
  }

  /// The next rows, about 4 MB of them; none at the end.
  func next() async throws -> [JSON] { try await ask(["next": 4_000_000])["rows"]?.array ?? [] }

  /// Makes a file of rows that lie in a file of JSON Lines.
  /// - Parameters:
  ///   - types: DuckDB's, by column.
  ///   - longest: bytes of a line.
  func write(_ lines: URL, to file: URL, types: [(name: String, type: String)], longest: Int) async throws
    -> Int
  {
    let columns = types.map { JSON.array([.string($0.name), .string($0.type)]) }
    let reply = try await ask([
      "write": .string(file.path), "from": .string(lines.path), "columns": .array(columns),
      "longest": .int(Int64(longest)),
    ])
    return Int(reply["rows"]?.int ?? 0)
  }

  /// Errors: ``StageError`` for what it cannot do, and when it ends; ``Halt`` when it cannot be started.
  private func ask(_ request: JSON.Object) async throws -> JSON {
    let reply: JSON
    do { reply = try await helper.answer(request) } catch let fault as Helper.Fault {
      throw StageError("the helper for Parquet: \(fault); run again")
    }
    if let error = reply["error"]?.string { throw StageError(error) }
    return reply
  }

  /// Fetches DuckDB into a folder of its own. Errors: ``StageError``.
  /// - Returns: the folder.
  package static func install(_ environment: [String: String], from folder: URL) async throws -> String {
    let (signs, heard) = AsyncStream.makeStream(of: HelperProcess.Sign.self)
    let process = try HelperProcess(
      program(["--install"], in: folder, ProgramSurroundings(environment)), longest: 1 << 20
    ) { heard.yield($0) }
    for await sign in signs {
      guard case .line(let line) = sign, let said = try? JSON(parsing: line) else { break }
      if let library = said["library"]?.string { return library }
      if let error = said["error"]?.string { throw StageError(error) }
    }
    throw StageError("expected the folder of the library, found none: \(process.lastWords)")
  }
}
