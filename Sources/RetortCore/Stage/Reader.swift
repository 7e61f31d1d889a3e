internal import OrderedCollections

/// A stage that takes no rows: it makes them of a file, or of nothing.
package protocol Reader: StageKind {
  func read(into sink: ReaderSink<Output>) async throws
}

extension Reader {
  package static var isForeseeable: Bool { true }
}

/// Where a reader puts its rows, in their order.
package struct ReaderSink<Output: Encodable & Sendable>: Sendable {
  private let accept: SetAnswer.Accept

  package init(accept: @escaping SetAnswer.Accept) { self.accept = accept }

  /// A row.
  package func make(_ output: Output) async throws {
    try await accept(.make(try JSON(encoding: output).object ?? [:], members: []))
  }

  /// A record that could not be read: counted in, and dropped.
  package func reject(reason: String, detail: String) async throws {
    try await accept(.reject(reason: reason, detail: detail))
  }
}
