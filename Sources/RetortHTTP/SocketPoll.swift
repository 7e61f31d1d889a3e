internal import CCurl
internal import Foundation

/// What libcurl's transfers wait for: their sockets, by epoll, the earliest of their timers, and a bell that other
/// threads ring. A round costs what happened in it, however many transfers are in flight.
final class SocketPoll {
  /// A file descriptor to write eight bytes to.
  let bell: Int32
  private let epoll: Int32
  private let multi: UnsafeMutableRawPointer
  private var watched: Set<Int32> = []
  private var timer: ContinuousClock.Instant?
  private var events = [epoll_event](repeating: epoll_event(), count: 256)

  /// Nil when the system has no descriptor left. It must outlive the multi handle's transfers.
  init?(_ multi: UnsafeMutableRawPointer) {
    self.multi = multi
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard epoll >= 0, bell >= 0 else { return nil }
    watch(bell, EPOLLIN.rawValue)
    retort_curl_multi_set_callbacks(
      multi, { _, socket, what, this, _ in SocketPoll.at(this).update(socket, what) },
      { _, milliseconds, this in SocketPoll.at(this).setTimer(milliseconds) },
      Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    if epoll >= 0 { close(epoll) }
    if bell >= 0 { close(bell) }
  }

  /// libcurl calls back only from calls that its loop makes, while this object is in use.
  private static func at(_ pointer: UnsafeMutableRawPointer?) -> SocketPoll {
    guard let pointer else { preconditionFailure("libcurl lost a callback's argument") }
    return Unmanaged<SocketPoll>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Rings a bell; callable from any thread while the bell is open.
  static func ring(_ bell: Int32) {
    var one: UInt64 = 1
    _ = write(bell, &one, 8)
  }

  /// Waits until something happens, and lets libcurl act on it.
  func wait() {
    let count = epoll_wait(epoll, &events, Int32(events.count), milliseconds)
    var running: Int32 = 0
    for event in events.prefix(Int(max(0, count))) {
      if event.data.fd == bell {
        var rings: UInt64 = 0
        _ = read(bell, &rings, 8)
        continue
      }
      let flags = event.events
      var mask: Int32 = 0
      if flags & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
      if flags & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
      if flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
      curl_multi_socket_action(multi, event.data.fd, mask, &running)
    }
    if let due = timer, due <= .now {
      timer = nil
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
    }
  }

  /// Until the timer, rounded up; a minute without one.
  private var milliseconds: Int32 {
    guard let timer else { return 60_000 }
    let left = (timer - .now) / .milliseconds(1)
    return Int32(min(60_000, max(0, left.rounded(.up))))
  }

  private func setTimer(_ milliseconds: Int) -> Int32 {
    timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    return 0
  }

  private func update(_ socket: Int32, _ what: Int32) -> Int32 {
    switch what {
    case CURL_POLL_IN: watch(socket, EPOLLIN.rawValue)
    case CURL_POLL_OUT: watch(socket, EPOLLOUT.rawValue)
    case CURL_POLL_INOUT: watch(socket, EPOLLIN.rawValue | EPOLLOUT.rawValue)
    default:
      watched.remove(socket)
      epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
    }
    return 0
  }

  private func watch(_ socket: Int32, _ flags: UInt32) {
    var event = epoll_event(events: flags, data: epoll_data_t(fd: socket))
    let known = !watched.insert(socket).inserted
    if !known || epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
      epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)
    }
  }
}
