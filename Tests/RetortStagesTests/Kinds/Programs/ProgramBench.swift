import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization

@testable import RetortStages

/// A folder with a program in it, written in Python.
final class ProgramBench: Sendable {
  let folder: URL
  private let said = Mutex<[String]>([])

  init(_ source: String) throws {
    folder = try Bench.folder()
    try write(source)
  }

  func write(_ source: String) throws {
    let path = folder.appending(path: "step.py")
    // The system's own, and no script in front of it that takes a second.
    let head = "#!/usr/bin/env -S PATH=/usr/bin:/bin python3\nimport json, os, sys, time\n"
    try Data("\(head)\(source)\n".utf8).write(to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.path)
  }

  func keys(
    adds: [String]? = ["label"], mayAdd: [String]? = nil, columns: [String]? = nil, timeout: Double? = 600,
    maxLine: Int? = nil, env: [String]? = nil
  ) throws -> CommandKeys {
    CommandKeys(
      run: ProgramLine(words: ["./step.py", folder.path]), columns: columns, adds: adds, mayAdd: mayAdd,
      timeout: timeout, maxLine: maxLine, env: env)
  }

  func workspace(_ environment: [String: String]? = nil, models: [ModelSpec] = []) -> Workspace {
    Workspace(
      folder: folder, models: ScriptedProvider(),
      surroundings: ProgramSurroundings(environment, models: models),
      say: { [self] words in said.withLock { $0.append(words) } })
  }

  /// Takes what the user is told.
  func note(_ words: String) { said.withLock { $0.append(words) } }

  /// What the user was told.
  var told: [String] { said.withLock { $0 } }

  /// How often the program was started, where it says so.
  var starts: Int { (try? Data(contentsOf: folder.appending(path: "starts")).count) ?? 0 }

  /// Python that answers every row with its `n` as the label, where `odd` does not do otherwise with row 5. `say`
  /// writes an answer.
  static func answering(oddly odd: String = "", before start: String = "") -> String {
    """
    open("starts", "a").write("x")
    def say(asked, **answer): print(json.dumps({"id": asked["id"], **answer}), flush=True)
    \(start)
    for line in sys.stdin:
      asked = json.loads(line)
      row = asked["row"]
      if row["n"] == 5:
        pass
        \(odd.replacing("\n", with: "\n    "))
      say(asked, columns={"label": row["n"]})
    """
  }

  /// For each row what became of it: its labels, `dropped: REASON`, or why it failed.
  func fates(
    of rows: Range<Int> = 0..<10, _ keys: CommandKeys? = nil, inFlight: Int? = nil
  ) async throws -> [String] {
    let stage = try CommandStage(.init(keys ?? self.keys(), inFlight: inFlight), in: workspace())
    return await withTaskGroup(of: (Int, String).self) { group in
      for n in rows {
        group.addTask {
          do {
            switch try await stage.process(Columns(["n": .int(Int64(n)), "text": "é\n"])) {
            case .emit(let rows): return (n, rows.map { JSON.object($0.values).text }.joined(separator: " "))
            case .drop(let reason, let detail): return (n, "dropped: \(reason), \(detail)")
            case .samples: return (n, "samples")
            }
          } catch { return (n, "\(error)") }
        }
      }
      var fates: [Int: String] = [:]
      for await (n, fate) in group { fates[n] = fate }
      return rows.map { fates[$0] ?? "" }
    }
  }

  /// What ``fates(of:_:inFlight:)`` are where row 5 alone is odd.
  static func expected(_ odd: String, of rows: Range<Int> = 0..<10) -> [String] {
    rows.map { $0 == 5 ? odd : #"{"label":\#($0)}"# }
  }
}
