import Foundation
import OrderedCollections
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun

/// What `rounds:` becomes, and which mistakes are told of it.
@Suite struct RoundsRewriteTests {
  private static let start = """
    stages:
      topics: { uses: read-jsonl, with: { file: topics.jsonl, columns: [topic] } }

    """
  private static let rounds = """
    rounds:
      play:
        max: 2
        carry: { topics: kept }
        stages:
          read: { uses: generate-puzzles, with: { seed: 1, count: 2 } }
          kept: { uses: filter, from: topics, with: { where: [{ column: topic, exists: true }] } }
          few: { uses: sample, from: kept, per: topics, with: { count: 1, seed: 1 } }
          out: { uses: export-jsonl, from: few, with: { file: "out/{round}.jsonl" } }

    """

  private func read(_ yaml: String) throws -> Pipeline {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try #"{"topic":"a"}"#.write(to: folder.appending(path: "topics.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try yaml.write(to: file, atomically: true, encoding: .utf8)
    return try Pipeline.read(file, catalog: .standard, environment: [:])
  }

  private func mistakes(_ yaml: String) throws -> [String] {
    do { _ = try read(yaml) } catch let errors as PipelineErrors {
      return errors.description.replacing(/[^ \n]*\/p\.yaml:/, with: "p.yaml:").split(separator: "\n").map(
        String.init)
    }
    return []
  }

  /// `name <- from; using; per @gate+ (label)`
  private func lines(_ pipeline: Pipeline) -> [String] {
    pipeline.stages.map { stage in
      var words = [stage.name]
      if !stage.from.isEmpty { words.append("<- \(stage.from.joined(separator: " "))") }
      for (role, set) in stage.using { words.append("\(role)=\(set)") }
      if let per = stage.per { words.append("per \(per)") }
      if let gate = stage.round?.entrance { words.append("@\(gate.gate)\(gate.goesOn ? "+" : "-")") }
      if stage.unites { words.append("union") }
      return words.joined(separator: " ")
    }
  }

  @Test func roundsBecomeStagesWithGatesBetweenThem() throws {
    let pipeline = try read(
      Self.start + """
          all: { uses: filter, from: play.kept, with: { where: [{ column: topic, exists: true }] } }
          end: { uses: filter, from: play.kept.last, with: { where: [{ column: topic, exists: true }] } }

        """ + Self.rounds)
    #expect(
      lines(pipeline) == [
        "topics",
        "all <- play[1].kept play[2].kept union",
        "end <- play[1].kept.last play[2].kept.last union",
        "play[1].read",
        "play[1].kept <- topics",
        "play[1].few <- play[1].kept per topics",
        "play[1].out <- play[1].few",
        "play[1] carry.topics=play[1].kept",
        "play[2].read @play[1]+",
        "play[2].kept <- play[1].kept @play[1]+",
        "play[2].few <- play[2].kept per play[1].kept @play[1]+",
        "play[2].out <- play[2].few @play[1]+",
        "play[1].kept.last <- play[1].kept @play[1]-",
        "play[2].kept.last <- play[2].kept @play[1]+",
      ])
    #expect(
      pipeline["play[1]"]?.round?.after == ["play[1].read", "play[1].kept", "play[1].few", "play[1].out"])
    #expect(pipeline["play[2].out"]?.configured.config["file"] == "out/2.jsonl")
    #expect(
      pipeline.stageWords == [
        "topics", "all", "end", "play.read", "play.kept", "play.few", "play.out", "play", "play.kept.last",
      ])
    #expect(pipeline.instances(of: "few") == ["play[1].few", "play[2].few"])
    #expect(pipeline.ancestry(of: "play[2].kept").contains("play[1].out"), "the gate's round")
  }

  @Test func untilIsAFilterThatTheGateLooksAt() throws {
    let pipeline = try read(
      Self.start
        + Self.rounds.replacing(
          "    stages:", with: "    until: { of: few, where: [{ column: topic, equals: a }] }\n    stages:"))
    #expect(pipeline["play[2].until"]?.from == ["play[2].few"])
    #expect(pipeline["play[1]"]?.using == ["carry.topics": "play[1].kept", "until": "play[1].until"])
  }

  /// What is no round keeps its key: the number is in no key but those of stages that draw, from the second round on.
  @Test func theRoundIsInTheKeyOfWhatDraws() throws {
    let pipeline = try read(
      """
      models: { m: { endpoint: "http://h/v1", name: m } }

      """ + Self.start
        + Self.rounds.replacing(
          "      few:",
          with:
            "      ask: { uses: generate, from: kept, with: { model: m, template: \"{{topic}}\" } }\n      few:"
        ))
    let print = { (name: String) in pipeline[name]?.fingerprint }
    #expect(print("play[1].kept") == print("play[2].kept"))
    #expect(print("play[1].few") == print("play[2].few"))
    #expect(pipeline["play[1].ask"]?.identity["round"] == nil)
    #expect(pipeline["play[2].ask"]?.identity["round"] == 2)
  }

  // MARK: Mistakes

  @Test(arguments: [
    (
      "    max: 2", "    max: 0", "p.yaml:5:5: expected 1 to 100 rounds, found 0"
    ),
    (
      "    max: 2\n", "", "p.yaml:5:5: expected the key 'max', found none"
    ),
    (
      "\"out/{round}.jsonl\"", "out/a.jsonl",
      "p.yaml:11:59: expected '{round}' in the path of an export inside rounds, each of which writes a file of its own, "
        + "found 'out/a.jsonl'"
    ),
    (
      "carry: { topics: kept }", "carry: { topic: kept }",
      "p.yaml:6:14: expected a stage outside of these rounds (topics) or a model, found 'topic' (did you mean 'topics'?)"
    ),
    (
      "carry: { topics: kept }", "carry: { topics: kep }",
      "p.yaml:6:22: expected a stage of the rounds 'play' (read, kept, few, out), found 'kep' (did you mean 'kept'?)"
    ),
    (
      "carry: { topics: kept }", "carry: { topics: kept }\n    until: { of: nothing, where: [] }",
      "p.yaml:7:18: expected a stage of the rounds 'play' (read, kept, few, out), found 'nothing'"
    ),
    (
      "      few:", "      topics:",
      "p.yaml:10:7: expected a name that is used once in the file, found 'topics' again, after p.yaml:2:3"
    ),
    (
      "      few:", "      until:",
      "p.yaml:10:7: expected another stage name, found 'until', which rounds use themselves"
    ),
    (
      "  play:", "  topics:",
      "p.yaml:4:3: expected a name that no stage has, found 'topics', a stage at p.yaml:2:3"
    ),
    (
      "from: kept, per", "from: 'play[1].kept', per",
      "p.yaml:10:34: expected a stage of all rounds, as 'play.read', or of the last one, as 'play.read.last', found one "
        + "of a single round"
    ),
  ]) func mistakesAreToldOnceWithTheirPlaces(old: String, new: String, mistake: String) throws {
    let found = try mistakes(Self.start + Self.rounds.replacing(old, with: new))
    #expect(found.contains(mistake), "\(found)")
    #expect(Set(found).count == found.count)
  }

  @Test func whatIsInsideIsNamedWithItsRounds() throws {
    let found = try mistakes(
      Self.start + """
          all: { uses: filter, from: kept, with: { where: [{ column: topic, exists: true }] } }

        """ + Self.rounds)
    #expect(
      found == [
        "p.yaml:3:30: expected a stage of this file, found 'kept', which is inside rounds (did you mean 'play.kept'?)"
      ])
  }

  @Test func roundsMayCarryAndTakeOthers() throws {
    let pipeline = try read(
      Self.start + Self.rounds + """
          again:
            max: 2
            carry: { play.kept.last: more }
            stages:
              more: { uses: filter, from: play.kept.last, with: { where: [{ column: topic, exists: true }] } }
        """)
    #expect(pipeline["again[1].more"]?.from == ["play[1].kept.last", "play[2].kept.last"])
    #expect(pipeline["again[2].more"]?.from == ["again[1].more"])
  }

  /// In constants and in the folder of a training, as in the path of an export.
  @Test func aRoundIsNumberedWhereAKindSaysSo() throws {
    let pipeline = try read(
      Self.start + """
        rounds:
          play:
            max: 2
            stages:
              dated: { uses: derive, from: topics, with: { constants: { played: "{round}", list: ["of {round}"] }, types: { played: integer } } }
              out: { uses: export-jsonl, from: dated, with: { file: "out/{round}.jsonl" } }
              trained: { uses: train-model, from: out, with: { run: [sh, -c, "true"], folder: "out/{round}" } }

        """)
    #expect(
      pipeline.stages.compactMap { $0.configured.config["constants"] ?? $0.configured.config["folder"] } == [
        ["played": "1", "list": ["of 1"]], "out/1", ["played": "2", "list": ["of 2"]], "out/2",
      ])
  }

  @Test func whatRoundsTrainHasAFolderOfItsOwn() throws {
    let found = try mistakes(
      Self.start + """
        rounds:
          play:
            max: 2
            stages:
              out: { uses: export-jsonl, from: topics, with: { file: "out/{round}.jsonl" } }
              trained: { uses: train-model, from: out, with: { run: [sh, -c, "true"], folder: out/adapters } }

        """)
    #expect(
      found.map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == [
        "expected '{round}' in the folder of what a round trains, each of which has one of its own, found 'out/adapters'"
      ])
  }
}
