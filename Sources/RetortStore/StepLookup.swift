package import Foundation
package import RetortCore

/// What a run asks about the steps that exist. ``StepLog`` answers for a run that is made, and notes the answers with it;
/// ``Sketch`` answers for one that is only thought through, and notes them beside the store. Either way the next question
/// sees them.
package protocol StepLookup: Sendable {
  /// Decides which take of a stage the run goes by, and finds what its steps are known by.
  func begin(_ stage: StageRequest) async throws -> StageRecord
  /// Whether a run, or one that goes on with it, has begun to answer a stage of this key in the take that was begun or
  /// finished last: its redo is not to be begun again.
  func hasBegunTake(of key: StageKey, since origin: Int64) async throws -> Bool
  /// The rows of a place as a set; `ancestry` are the stages that they passed, which may have lost some.
  func set(_ place: StagePlace, passing ancestry: [Int]) async throws -> SetInput
  /// As ``set(_:passing:)``, with the step that answered it before. Of several fingerprints the first that has one
  /// counts.
  ///
  /// - Parameter withFiles: also what that step emitted.
  func findSet(
    _ place: StagePlace, passing ancestry: [Int], under fingerprints: [Int64], withFiles: Bool
  ) async throws -> SetInput
  /// Answers a set's rows from a step that exists, and emits what it emitted; the number of rows that came out.
  ///
  /// - Parameter selection: of a reader's rows.
  func answerSet(_ place: StagePlace, from step: Int64, _ selection: Selection) async throws -> Int
  /// Answers up to `limit` rows of one upstream stage beyond `cursor` from the steps that exist, emits what those
  /// emitted, and finds the rows whose step is still to be made. Of a row's steps the one under the first of
  /// `fingerprints` counts.
  func answerPage(
    _ place: StagePlace, upstream: Int, under fingerprints: [Int64], after cursor: Int64, limit: Int
  ) async throws -> ArrivalPage
  /// The groups of a set: the paths of the rows of the stage `ancestor`, in order.
  func groups(run: Int64, per ancestor: Int) async throws -> [String]
  /// The counts of a stage. `step` is a reader's.
  func books(_ place: StagePlace, reader step: Int64?) async throws -> Books
}

/// A stage as a run comes to it.
package struct StageRequest: Sendable {
  package var name: String
  package var place: StagePlace
  package var kind: String
  package var version: Int
  package var key: StageKey
  /// The identity as people may read it.
  package var shown: @Sendable (JSON) -> JSON
  package var redo: Redo
  /// Whether what an endpoint refused for good is asked for again.
  package var retriesRefused: Bool

  package init(
    name: String, place: StagePlace, kind: String, version: Int, key: StageKey,
    shown: @escaping @Sendable (JSON) -> JSON, redo: Redo, retriesRefused: Bool
  ) {
    self.name = name
    self.place = place
    self.kind = kind
    self.version = version
    self.key = key
    self.shown = shown
    self.redo = redo
    self.retriesRefused = retriesRefused
  }
}

/// What the steps of a stage are known by in a run.
package struct StageRecord: Sendable {
  /// Nil in a sketch, for a redo that is still to be begun.
  package var take: Take?
  /// With the number of its take.
  package var identity: JSON
  /// Under which new steps are kept; nil in a sketch, where no run has begun the stage.
  package var fingerprint: Int64?
  /// Under which steps answer its rows, in this order.
  package var fingerprints: [Int64]
  package var unfinishedRedo: UnfinishedRedo?
  /// Steps to be passed over, by their input, with the endpoint's words.
  package var refused: [Data: ModelError]

  package init(
    take: Take?, identity: JSON, fingerprint: Int64?, fingerprints: [Int64],
    unfinishedRedo: UnfinishedRedo? = nil, refused: [Data: ModelError] = [:]
  ) {
    self.take = take
    self.identity = identity
    self.fingerprint = fingerprint
    self.fingerprints = fingerprints
    self.unfinishedRedo = unfinishedRedo
    self.refused = refused
  }
}

/// The rows that a set step is given, or that a stage uses whole.
package struct SetInput: Hashable, Sendable {
  package var digest: Digest
  package var count: Int
  /// None of the rows was lost to a failure on its way.
  package var complete: Bool
  /// The step that answered the same set before.
  package var step: Int64?
  /// What that step emitted, where it was asked for.
  package var files: [JSON]

  package init(digest: Digest, count: Int, complete: Bool, step: Int64? = nil, files: [JSON] = []) {
    self.digest = digest
    self.count = count
    self.complete = complete
    self.step = step
    self.files = files
  }
}

/// Input rows of a stage that were answered, and what came of them. What a set dropped is known at the stage's end.
package struct AnsweredRows: Hashable, Sendable {
  package var rows: Int
  package var dropped: Int
  /// Rows that came out.
  package var out: Int

  package init(rows: Int, dropped: Int = 0, out: Int) {
    self.rows = rows
    self.dropped = dropped
    self.out = out
  }
}

/// One row of a run as a stage finds it: an occurrence that has no step yet.
package struct Arrival: Hashable, Sendable {
  package let id: Int64
  package let row: Int64
  /// The row's digest and JSON.
  package let digest: Data
  package let text: String

  package init(id: Int64, row: Int64, digest: Data, text: String) {
    self.id = id
    self.row = row
    self.digest = digest
    self.text = text
  }
}

/// Rows of one upstream stage, in the order of their arrival.
package struct ArrivalPage: Hashable, Sendable {
  /// How many there are, and the id of the last one.
  package let rows: Int
  package let last: Int64
  /// What became of those that had a step.
  package var hits: AnsweredRows
  /// The others.
  package var misses: [Arrival]

  package init(rows: Int, last: Int64, hits: AnsweredRows = .init(rows: 0, out: 0), misses: [Arrival] = []) {
    self.rows = rows
    self.last = last
    self.hits = hits
    self.misses = misses
  }
}
