import Foundation
import OrderedCollections
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Nobody pays twice for our progress: what replies and steps are found by is what it was.
@Suite(.serialized) struct GoldenTests {
  private static let files =
    ["kinds"]
    + ["demo", "infer", "less-is-more", "rewards", "rounds", "score-rollouts"].map { "pipelines/\($0)" }

  private static func read(_ name: String) throws -> Pipeline {
    try Pipeline.read(GoldenKey.folder.appending(path: "\(name).yaml"), catalog: .standard, environment: [:])
  }

  @Test func models() throws {
    let models = try Self.read("kinds").models.values
    #expect(Set(models.map(\.kind)) == Set(ModelSpec.Kind.allCases), "kinds.yaml has every kind of model")
    try GoldenKey.expect("model", models.map { GoldenKey($0.alias, $0.identity) })
  }

  /// Without the version, so that raising one is a line of CHANGELOG and no other.
  @Test func stages() throws {
    let (lines, raised) = (try GoldenKey.lines("stage"), try Raised.all())
    var keys: [GoldenKey] = []
    for file in Self.files {
      for stage in try Self.read(file).stages {
        var identity = try #require(stage.identity.object)
        #expect(identity.removeValue(forKey: "version") == .int(Int64(stage.entry.version)))
        let name = "\(file).\(stage.name)"
        keys.append(GoldenKey(name, .object(Self.unraised(identity, as: lines[name], by: raised))))
      }
    }
    try GoldenKey.expect("stage", keys)
  }

  /// A stage that shows another's prompt has the other's version in its key: where CHANGELOG raises that, the one that the
  /// line has.
  private static func unraised(
    _ identity: JSON.Object, as line: JSON?, by raised: Set<Raised>
  ) -> JSON.Object {
    guard let old = line?["value"]?["with"]?["prompt_from"]?["version"]?.int.map(Int.init),
      var with = identity["with"]?.object, var shown = with["prompt_from"]?.object,
      let kind = shown["kind"]?.string,
      shown["version"] == .int(Int64(Raised.version(of: kind, from: old, by: raised)))
    else { return identity }
    shown["version"] = .int(Int64(old))
    with["prompt_from"] = .object(shown)
    var unraised = identity
    unraised["with"] = .object(with)
    return unraised
  }

  @Test func everyKindOfStageHasAKey() throws {
    let kinds = Set(try Self.read("kinds").stages.map(\.entry.name))
    #expect(Catalog.standard.kinds.map(\.name).filter { !kinds.contains($0) } == [], "add them to kinds.yaml")
  }

  /// A version is what the file has, raised by each line `kind a -> b: why` of CHANGELOG.
  @Test func versions() throws {
    let raised = try Raised.all()
    let known = try GoldenKey.lines("version")
    for entry in Catalog.standard.kinds where known[entry.name] == nil {
      try GoldenKey.missing("version", GoldenKey(entry.name, .int(Int64(entry.version))))
    }
    for (kind, line) in known {
      let start = try #require(line["value"]?.int.map(Int.init))
      let entry = try #require(Catalog.standard[kind], "the kind '\(kind)' is gone")
      #expect(
        entry.version == Raised.version(of: kind, from: start, by: raised),
        "a version is raised by a line '- `\(kind)` a -> b: why' under '### Versions raised' of CHANGELOG.md")
    }
  }

  @Test func requests() async throws {
    let models = try Self.read("kinds").models
    var keys: [GoldenKey] = []
    for model in models.values {
      for ask in GoldenAsk.all(of: model) {
        let asked = AskedMemory()
        let stack = ModelStack(
          models: [model], transport: ScriptedTransport { request, _ in try GoldenAsk.answer(request) },
          memory: asked,
          clock: JumpingClock(), environment: ["KEY": "k"])
        try await ask.act(
          stack.asked(by: CallOrigin(stage: "s", take: ask.take, round: ask.round)), ModelRef(model))
        let calls = asked.calls
        keys += calls.enumerated().map { place, call in
          let name = "\(model.alias) \(ask.name)" + (calls.count > 1 ? " \(place)" : "")
          return GoldenKey(name, call.identity, digest: call.digest)
        }
      }
    }
    try GoldenKey.expect("request", keys)
  }
}

/// The raised versions that CHANGELOG names.
struct Raised: Hashable {
  let kind: String
  let old: Int
  let new: Int

  static func all() throws -> Set<Raised> {
    let file = GoldenKey.folder.appending(path: "../../CHANGELOG.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    return Set(
      text.matches(of: /\n- `?([a-z-]+)`? ([0-9]+) -> ([0-9]+):/).compactMap {
        guard let old = Int($0.2), let new = Int($0.3) else { return nil }
        return Raised(kind: String($0.1), old: old, new: new)
      })
  }

  static func version(of kind: String, from start: Int, by raised: Set<Raised>) -> Int {
    var version = start
    while let next = raised.first(where: { $0.kind == kind && $0.old == version }) { version = next.new }
    return version
  }
}

/// Remembers nothing and notes what it was to remember.
private final class AskedMemory: ReplyMemory {
  private let noted = Mutex<[ModelRequest]>([])
  var calls: [ModelRequest] { noted.withLock { $0 } }

  func recall(_ request: Digest) async throws -> RawReply? { nil }

  func remember(_ request: ModelRequest, _ reply: RawReply) async throws -> Int64 {
    noted.withLock {
      $0.append(request)
      return Int64($0.count)
    }
  }

  func failed(_ request: ModelRequest, _ failure: FailedCall) async throws {
    Issue.record("\(request.path) failed: \(failure.message)")
  }
}
