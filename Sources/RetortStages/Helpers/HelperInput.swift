internal import Foundation
internal import Synchronization

/// What a helper is sent, in order, by a thread of its own: nobody else waits while its pipe is full.
final class HelperInput: Sendable {
  private struct Piece {
    let bytes: [UInt8]
    let written: (@Sendable (Bool) -> Void)?
  }
  private struct State {
    var pieces: ArraySlice<Piece> = []
    var isClosed = false
    /// Whether the program has ended. What has left its group may hold the pipe open, and read nothing.
    var isInVain = false
  }
  private let state = Mutex(State())
  private let bell = DispatchSemaphore(value: 0)
  private let descriptor: Int32

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    // A write waits where it can be told that the program has ended.
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  /// - Parameter written: told whether the helper took it.
  func add(_ bytes: [UInt8], _ written: (@Sendable (Bool) -> Void)?) {
    state.withLock { $0.pieces.append(Piece(bytes: bytes, written: written)) }
    bell.signal()
  }

  /// Ends it, after what was added.
  func close() {
    state.withLock { $0.isClosed = true }
    bell.signal()
  }

  /// Nothing is taken any more.
  func giveUp() { state.withLock { $0.isInVain = true } }

  /// Writes until it is closed.
  func serve() {
    while true {
      bell.wait()
      let (piece, isOver) = state.withLock { state in (state.pieces.popFirst(), state.isClosed) }
      if let piece {
        let isTaken = write(piece.bytes)
        piece.written?(isTaken)
      } else if isOver {
        break
      }
    }
    _ = Glibc.close(descriptor)
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN, !state.withLock({ $0.isInVain }) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, 500)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
