internal import Foundation
internal import Synchronization

/// What a launched server says. Both of its outputs are read on although nobody listens, so that it never blocks.
final class ServerVoice: Sendable {
  /// What the shell around the server says when it has ended, before its status: on its standard output, which may be its
  /// first line, and behind its last words on the other.
  static let farewell = "retort-launch: ended with status "

  /// Its standard output, until it closes that.
  let output: AsyncStream<String>

  private struct State {
    /// The end of what came on standard error.
    var errors = ""
    var status: String?
  }
  private let state: Mutex<State>
  /// Closed with this: a server that writes on would end.
  private let handles: [FileHandle]

  /// Characters and lines of its last words.
  private static let (mostCharacters, mostLines) = (600, 4)

  init(_ output: FileHandle, errors: FileHandle) {
    state = Mutex(State())
    handles = [output, errors]
    self.output = Self.parts(of: output)
    Self.read(errors) { [weak self] text in
      if let text { self?.hear(text) }
    }
  }

  var hasEnded: Bool { status != nil }
  /// Whether it ended with another status than 0: a script may leave a server behind and end in good order.
  var hasFailed: Bool { status.map { $0 != "0" } ?? false }
  /// The status that it ended with; nil while it runs.
  var status: String? { state.withLock { $0.status } }

  /// The last lines of its standard error without keys, on one line; empty where it said nothing.
  func lastWords(without keys: Redaction) -> String {
    // Before anything is cut off, since half a key is not found.
    let lines = keys.words(state.withLock { $0.errors }).split(separator: "\n").map { String($0).trimmed }
    let said = lines.filter { !$0.isEmpty && !$0.hasPrefix(Self.farewell) }.suffix(Self.mostLines)
    return String(said.joined(separator: " / ").suffix(Self.mostCharacters))
  }

  /// Waits, no longer than five seconds, until what a server that has ended said before it has been read.
  func settle() async {
    for _ in 0..<250 where !hasEnded { try? await Task.sleep(for: .milliseconds(20)) }
  }

  private func hear(_ text: String) {
    state.withLock { state in
      state.errors = String((state.errors + text).suffix(8 * Self.mostCharacters))
      if let farewell = state.errors.range(of: Self.farewell, options: .backwards),
        let end = state.errors[farewell.upperBound...].firstIndex(of: "\n")
      {
        state.status = String(state.errors[farewell.upperBound..<end])
      }
    }
  }

  private static func parts(of handle: FileHandle) -> AsyncStream<String> {
    AsyncStream { stream in
      read(handle) { text in
        if let text { stream.yield(text) } else { stream.finish() }
      }
    }
  }

  /// - Parameter take: given each part, and nil at the end.
  private static func read(_ handle: FileHandle, _ take: @escaping @Sendable (String?) -> Void) {
    handle.readabilityHandler = { handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      take(data.isEmpty ? nil : String(decoding: data, as: UTF8.self))
    }
  }
}
