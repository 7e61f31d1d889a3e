internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Performs steps that ask nobody while a run is only thought through: readers, and the kinds that say of themselves that
/// a plan may (``StageKind/isForeseeable``). Nothing is written to the store, and no file is.
struct Foresight: Sendable {
  private let stage: PipelineStage
  /// Made when it is used first.
  private let bound: Once<BoundStage>
  /// What was made of the last row.
  var last: [PackedRow] = []

  /// Nil where only a run can perform the stage.
  init?(_ stage: PipelineStage, in pipeline: Pipeline) {
    let isAlone = stage.models.isEmpty && stage.using.isEmpty
    guard stage.entry.isForeseeable, stage.entry.isReader || isAlone else { return nil }
    self.stage = stage
    let workspace = Workspace(
      folder: pipeline.folder, models: InertModels(), branches: stage.branches, isGrouped: stage.per != nil,
      databases: DatabaseReader(), tools: ToolServices(images: ForeseenImages()))
    bound = Once { try stage.configured.bind(workspace) }
  }

  /// What a row becomes. Errors: those of the stage.
  func rows(of arrival: Arrival) async throws -> [PackedRow] {
    guard case .row(let process) = try await bound.value.shape else { throw StageFault("takes no rows") }
    let row = try Row(text: arrival.text)
    let pack = { (columns: Columns) in PackedRow(try stage.output(columns.values, addedTo: row)) }
    switch try await process(row) {
    case .drop: return []
    case .emit(let outputs): return try outputs.map(pack)
    case .samples(let samples):
      return try samples.compactMap { if case .output(let output) = $0 { try pack(output) } else { nil } }
    }
  }

  /// Notes what a set becomes; the number of rows that came out. Errors: those of the stage.
  func note(_ place: StagePlace, count: Int, _ selection: Selection, in sketch: Sketch) async throws -> Int {
    guard case .set(let process) = try await bound.value.shape else { throw StageFault("takes single rows") }
    let members = Members(place, in: sketch)
    let answers = SetAnswers(stage, members, selection.reach)
    let rows = RowSet<Columns>(count: count) { offset, limit in
      try await members.page(offset, limit).map {
        (RowID.text($0.digest), $0.row, place.from.firstIndex(of: $0.stage) ?? 0)
      }
    }
    try await process(rows) { try await answers.take($0) }
    var made = await answers.made
    if let chosen = selection.chosen(of: made.map(\.row.digest)) { made = chosen.map { made[$0] } }
    try await sketch.note(made, of: place)
    return made.count
  }
}

/// The rows of a set, held in pages: a set stage walks them in order, and answers near where it walks.
private actor Members {
  private static let size = 256
  private let place: StagePlace
  private let sketch: Sketch
  private var pages: OrderedDictionary<Int, [Sketch.Member]> = [:]

  init(_ place: StagePlace, in sketch: Sketch) {
    self.place = place
    self.sketch = sketch
  }

  func page(_ offset: Int, _ limit: Int) async throws -> [Sketch.Member] {
    try await sketch.members(place, from: offset, limit: limit)
  }

  subscript(ordinal: Int) -> Sketch.Member? {
    get async throws {
      let number = ordinal / Self.size
      if pages[number] == nil {
        if pages.count >= 16 { pages.removeFirst() }
        pages[number] = try await page(number * Self.size, Self.size)
      }
      let page = pages[number] ?? []
      return ordinal % Self.size < page.count ? page[ordinal % Self.size] : nil
    }
  }
}

/// What a set stage answers, as the rows that would come of it.
private actor SetAnswers {
  private let stage: PipelineStage
  private let members: Members
  /// Rows that are looked at; nil for all.
  private let most: Int?
  private(set) var made: [Sketch.Made] = []
  private var seq = 0
  /// Rows that came of each member.
  private var counts: [Int64: Int] = [:]

  init(_ stage: PipelineStage, _ members: Members, _ most: Int?) {
    self.stage = stage
    self.members = members
    self.most = most
  }

  func take(_ answer: SetAnswer) async throws {
    switch answer {
    case .make(let columns, let members):
      let row = PackedRow(try stage.output(columns, addedTo: Row([:])))
      let first: Sketch.Member? = if let first = members.min() { try await self.members[first] } else { nil }
      try await add(row, to: first)
    case .keep(let ordinal, let columns): try await keep(ordinal, columns)
    case .fan(let ordinal, let branched): for one in branched { try await keep(ordinal, one.columns) }
    case .drop, .consume, .reject: break
    }
    seq += 1
  }

  private func keep(_ ordinal: Int, _ columns: JSON.Object) async throws {
    guard let member = try await members[ordinal] else { return }
    try await add(PackedRow(try stage.output(columns, addedTo: member.row)), to: member)
  }

  private func add(_ row: PackedRow, to member: Sketch.Member?) async throws {
    if let most, made.count >= most { return }
    guard let occurrence = member?.occurrence else {
      return made.append(.init(nth: seq, row: row))
    }
    let nth = stage.entry.reorders ? seq : counts[occurrence, default: 0]
    made.append(.init(parent: occurrence, nth: nth, row: row))
    counts[occurrence, default: 0] += 1
  }
}

/// A plan looks at images as a run does, and keeps none.
private struct ForeseenImages: ImageShelf {
  func put(_ bytes: Data, as image: ImageReference) async throws {}
  /// Only whether they are there is asked, of images that an earlier run has kept.
  func bytes(of digest: Digest) async throws -> Data { Data() }
}
