internal import OrderedCollections

/// A stage that needs its whole input, or a group of it: induction, de-duplication, a split.
package protocol SetStage: RowTaking {
  /// ``KeepingSink`` where its output rows are its input rows with columns added, ``MakingSink`` where they are new ones.
  associatedtype Sink: SetSink where Sink.Output == Output

  /// Whether its output rows come in the order of its answers; else they have that of the set.
  static var reorders: Bool { get }

  /// Answers every row of `rows` exactly once through `sink` (kept, dropped, or made into something new).
  func process(_ rows: RowSet<Input>, into sink: Sink) async throws
}

extension SetStage {
  package static var reorders: Bool { false }
}

/// The rows of a set in the order of their ordinal paths. It may be walked more than once; payloads are streamed
/// from the store, not held.
package struct RowSet<Value: Decodable & Sendable>: Sendable, AsyncSequence {
  package struct Element: Sendable {
    /// Position in the set, from 0; what the sink is answered with.
    package let ordinal: Int
    /// The row's identifier as people see it, `r_…`.
    package let id: String
    package let value: Value
    /// Which of the stages under `from:` it comes from, in file order from 0.
    package let branch: Int
    /// The whole row, for stages that pass the user's own columns on (exports).
    package let row: Row
  }

  package typealias Failure = any Error

  package let count: Int
  /// False when a row was lost to a failure upstream that the pipeline turned into a drop.
  package let isComplete: Bool
  /// A row, its identifier and its branch.
  package typealias Item = (id: String, row: Row, branch: Int)

  /// Rows `offset ..< offset + limit`, in order.
  package let page: @Sendable (_ offset: Int, _ limit: Int) async throws -> [Item]

  package init(
    count: Int, isComplete: Bool = true,
    page: @escaping @Sendable (_ offset: Int, _ limit: Int) async throws -> [Item]
  ) {
    self.count = count
    self.isComplete = isComplete
    self.page = page
  }

  /// The same rows, read as another type.
  package func read<Other>(as type: Other.Type) -> RowSet<Other> {
    RowSet<Other>(count: count, isComplete: isComplete, page: page)
  }

  /// A set held in memory; all of one branch unless told otherwise.
  package init(_ rows: [Row], branches: [Int]? = nil) {
    self.init(count: rows.count) { offset, limit in
      (offset..<Swift.min(rows.count, offset + limit)).map {
        (RowID.text(Digest(of: rows[$0].json)), rows[$0], branches?[$0] ?? 0)
      }
    }
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    let set: RowSet
    var buffer: ArraySlice<Item> = []
    var next = 0

    package mutating func next() async throws -> Element? {
      if buffer.isEmpty {
        guard next < set.count else { return nil }
        buffer = try await set.page(next, 256)[...]
      }
      guard let (id, row, branch) = buffer.popFirst() else { return nil }
      defer { next += 1 }
      return Element(ordinal: next, id: id, value: try row.view(as: Value.self), branch: branch, row: row)
    }
  }

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(set: self) }

  /// Every value in memory: for sets that are small by nature, such as labelled examples.
  package func all() async throws -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for try await element in self { elements.append(element) }
    return elements
  }
}

/// Where a set stage puts its answers. Answers may come in any order; output rows keep the order of the set, unless the
/// stage reorders them.
package protocol SetSink: Sendable {
  associatedtype Output: Encodable & Sendable

  /// Whether output rows are new ones that hold the stage's own columns alone.
  static var makesRows: Bool { get }

  var accept: SetAnswer.Accept { get }
  init(accept: @escaping SetAnswer.Accept)
}

extension SetSink {
  /// The row ends here.
  package func drop(_ ordinal: Int, reason: String, detail: String = "") async throws {
    try await accept(.drop(ordinal, reason: reason, detail: detail))
  }

  /// The row was used, and nothing of its own comes out.
  package func consume(_ ordinal: Int) async throws { try await accept(.consume(ordinal)) }
}

/// For stages whose output rows are their input rows with columns added.
package struct KeepingSink<Output: Encodable & Sendable>: SetSink {
  package static var makesRows: Bool { false }
  package let accept: SetAnswer.Accept

  package init(accept: @escaping SetAnswer.Accept) { self.accept = accept }

  /// The row goes on with more columns.
  package func keep(_ ordinal: Int, adding output: Output) async throws {
    try await accept(.keep(ordinal, try JSON(encoding: output).object ?? [:]))
  }

  /// The row goes on once for each output, with its columns; `partner` is another row of the set that it is made from
  /// too, which has an answer of its own.
  package func keep(_ ordinal: Int, addingEach outputs: [(output: Output, partner: Int?)]) async throws {
    try await accept(
      .fan(
        ordinal, try outputs.map { .init(try JSON(encoding: $0.output).object ?? [:], partner: $0.partner) }))
  }
}

/// For stages whose output rows are new ones.
package struct MakingSink<Output: Encodable & Sendable>: SetSink {
  package static var makesRows: Bool { true }
  package let accept: SetAnswer.Accept

  package init(accept: @escaping SetAnswer.Accept) { self.accept = accept }

  /// A new row made from some rows of the set; they count as emitted.
  package func make(_ output: Output, from members: [Int]) async throws {
    try await accept(.make(try JSON(encoding: output).object ?? [:], members: members))
  }
}

/// One answer of a reader, a set stage or an export, as the engine takes it.
package enum SetAnswer: Hashable, Sendable {
  package typealias Accept = @Sendable (SetAnswer) async throws -> Void

  case keep(Int, JSON.Object)
  case fan(Int, [Branched])
  case drop(Int, reason: String, detail: String)
  case consume(Int)
  case make(JSON.Object, members: [Int])
  case reject(reason: String, detail: String)

  /// Columns that a row goes on with, and the other row of the set that they come from.
  package struct Branched: Hashable, Sendable {
    package let columns: JSON.Object
    package let partner: Int?

    package init(_ columns: JSON.Object, partner: Int? = nil) {
      self.columns = columns
      self.partner = partner
    }
  }
}
