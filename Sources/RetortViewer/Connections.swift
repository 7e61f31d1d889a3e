internal import Foundation
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// The connections that are open. One too many takes the place of the one that was silent the longest, so that whoever
/// holds many of them does not keep others out.
final class Connections: Sendable {
  private struct State {
    var next = 0
    var channels: [Int: any Channel] = [:]
    /// The connections' numbers, that of the one that spoke last at the end.
    var order: [Int] = []
  }

  private let state = Mutex(State())
  let limit: Int

  /// Descriptors that the store, the event loops and new readers of the store may need.
  private static let reserve = 32

  init(limit: Int) { self.limit = limit }

  /// As many as the process's descriptors allow, at least 4 and at most 256. Its limit is raised first as far as the
  /// system lets it.
  convenience init() {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var bound = rlimit()
    guard getrlimit(files, &bound) == 0 else {
      self.init(limit: 64)
      return
    }
    var raised = bound
    raised.rlim_cur = min(bound.rlim_max, max(bound.rlim_cur, 4096))
    if setrlimit(files, &raised) == 0 { bound = raised }
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    self.init(limit: max(4, min(256, Int(min(bound.rlim_cur, 1 << 20)) - open - Self.reserve)))
  }

  /// Answers the connection's number.
  func opened(_ channel: any Channel) -> Int {
    let (number, surplus) = state.withLock { state -> (Int, (any Channel)?) in
      state.next += 1
      state.channels[state.next] = channel
      state.order.append(state.next)
      guard state.order.count > limit else { return (state.next, nil) }
      return (state.next, state.channels.removeValue(forKey: state.order.removeFirst()))
    }
    surplus?.close(promise: nil)
    return number
  }

  func spoke(_ number: Int) {
    state.withLock { state in
      guard let place = state.order.firstIndex(of: number) else { return }
      state.order.append(state.order.remove(at: place))
    }
  }

  func closed(_ number: Int) {
    state.withLock { state in
      state.channels[number] = nil
      state.order.removeAll { $0 == number }
    }
  }
}

/// What one connection may ask: a few requests at a time, none with a body.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Most requests that wait for their answers.
  private static let pipelined = 16

  private let connections: Connections
  private var number = 0
  private var waiting = 0

  init(_ connections: Connections) { self.connections = connections }

  func handlerAdded(context: ChannelHandlerContext) { number = connections.opened(context.channel) }

  func channelInactive(context: ChannelHandlerContext) {
    connections.closed(number)
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(var head):
      waiting += 1
      guard waiting <= Self.pipelined else { return context.close(promise: nil) }
      connections.spoke(number)
      let length = head.headerFields[.contentLength] ?? "0"
      if length != "0" || head.headerFields[.transferEncoding] != nil {
        // The answer does not wait for the body, and the connection ends with it.
        head.headerFields[.connection] = "close"
      }
      context.fireChannelRead(wrapInboundOut(.head(head)))
    case .body: break
    case .end: context.fireChannelRead(data)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { waiting -= 1 }
    context.write(data, promise: promise)
  }
}

/// Keeps the server up when a connection cannot be accepted, as when the process has no descriptor left: it waits a
/// moment, and those that knock wait with it.
final class AcceptHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = any Channel
  typealias OutboundIn = Never

  private static let pause = TimeAmount.milliseconds(100)
  private var isPaused = false
  private var isAsked = false

  func read(context: ChannelHandlerContext) {
    if isPaused { isAsked = true } else { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let passes = [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED]
    guard let error = error as? IOError, passes.contains(error.errnoCode) else {
      return context.fireErrorCaught(error)
    }
    guard !isPaused else { return }
    isPaused = true
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
      self.isPaused = false
      guard self.isAsked else { return }
      self.isAsked = false
      context.read()
    }
  }
}
