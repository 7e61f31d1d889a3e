internal import Foundation
internal import GRDB
package import RetortCore

/// The rows of a run that is not made: its answers are noted on a connection of its own that can only read, where empty
/// tables of that connection stand in for those of occurrences and answers. It sees the store as it is at one moment, and
/// is in nobody's way.
package struct Sketch: StepLookup {
  let moment: Moment
  /// The number that its rows have: no run of a store has it.
  package static let run: Int64 = 0

  init(_ store: Store) async throws {
    moment = try await Moment(of: store, covering: ["occurrence", "taken"])
    try await moment.look { try $0.execute(sql: Self.fresh) }
  }

  /// The stages that a run or one that it goes on with has begun.
  package func begunStages(since origin: Int64) async throws -> Set<String> {
    try await moment.look { try StepTables.begunStages(since: origin, $0) }
  }

  /// What a stage was known by in a pipeline's newest run that began it, and the last of its failures there; nil when
  /// none has.
  package func last(_ stage: String, of pipeline: String) async throws -> (identity: JSON, failure: String?)?
  {
    try await moment.look { try StepTables.last(stage, of: pipeline, $0) }
  }

  package func begin(_ stage: StageRequest) async throws -> StageRecord {
    try await moment.look { db in
      let take = try StepTables.knownTake(stage.key, redo: stage.redo, db)
      let identity = stage.key.identity(take: take?.number ?? 0)
      let known = try take.flatMap { _ in try StepTables.knownFingerprint(identity, db) }
      return try StepTables.record(of: stage, take: take, identity: identity, fingerprint: known, db)
    }
  }

  package func set(_ place: StagePlace, passing ancestry: [Int]) async throws -> SetInput {
    // Nothing fails in a sketch, so that no row is lost.
    try await moment.look { db in
      let (digest, count) = try StepTables.setDigest(place, complete: true, digest: Self.anyDigest, db)
      return SetInput(digest: digest, count: count, complete: true)
    }
  }

  package func findSet(
    _ place: StagePlace, passing ancestry: [Int], under fingerprints: [Int64], withFiles: Bool
  ) async throws -> SetInput {
    var input = try await set(place, passing: [])
    (input.step, input.files) = try await moment.look { [digest = input.digest] db -> (Int64?, [JSON]) in
      let step = try StepTables.doneSet(fingerprints: fingerprints, input: digest, db)
      return (step, try withFiles ? step.map { try StepTables.rows(of: $0, db) } ?? [] : [])
    }
    return input
  }

  package func answerSet(_ place: StagePlace, from step: Int64, _ selection: Selection) async throws
    -> Int
  {
    try await moment.look { try StepTables.answerSet(place, from: step, selection, $0) }
  }

  package func answerPage(
    _ place: StagePlace, upstream: Int, under fingerprints: [Int64], after cursor: Int64, limit: Int
  ) async throws -> ArrivalPage {
    try await moment.look { db in
      var page = try StepTables.answer(
        place, upstream: upstream, fingerprints: fingerprints, after: cursor, limit: limit, db)
      if page.rows > page.hits.rows + page.misses.count {
        page.misses =
          (page.misses + (try Self.freshRows(of: upstream, after: cursor, through: page.last, db)))
          .sorted { $0.id < $1.id }
      }
      return page
    }
  }

  package func hasBegunTake(of key: StageKey, since origin: Int64) async throws -> Bool {
    try await moment.look { try StepTables.hasBegunTake(of: key, since: origin, $0) }
  }

  package func groups(run: Int64, per ancestor: Int) async throws -> [String] {
    try await moment.look { try StepTables.groups(run: run, per: ancestor, $0) }
  }

  package func books(_ place: StagePlace, reader step: Int64?) async throws -> Books {
    try await moment.look { try StepTables.books(place, reader: step, $0) }
  }
}
