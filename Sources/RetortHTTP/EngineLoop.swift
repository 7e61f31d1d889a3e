internal import CCurl
internal import Foundation
internal import RetortCore

/// The engine's thread: owns libcurl's handles, which no other thread touches except to wake it.
struct EngineLoop {
  let inbox: Inbox
  let certificates: String?
  private let multi: UnsafeMutableRawPointer?
  private let poll: SocketPoll?
  private var transfers: [ObjectIdentifier: Transfer] = [:]
  private var byHandle: [UnsafeMutableRawPointer: ObjectIdentifier] = [:]

  /// libcurl wants its global state made once, before any handle.
  private static let global = curl_global_init(Int(CURL_GLOBAL_ALL))

  init(inbox: Inbox, connections: Int, certificates: String?) {
    self.inbox = inbox
    self.certificates = certificates
    multi = Self.global == CURLE_OK ? curl_multi_init() : nil
    // Without room for every connection in flight libcurl closes those that come back, and each call pays a new one.
    if let multi {
      _ = retort_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(1, connections))
      // Calls beyond wait for a connection, where they would fail for want of a descriptor.
      _ = retort_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, Descriptors.forSockets)
    }
    poll = multi.flatMap { SocketPoll($0) }
    inbox.publish(poll?.bell)
  }

  /// Runs until the client is gone.
  mutating func run() {
    guard let multi, let poll else { return refuseAll() }
    while true {
      let items = inbox.take()
      for (call, continuation) in items.calls { start(call, continuation, on: multi) }
      for call in items.cancelled { end(ObjectIdentifier(call), .failure(.cancelled), on: multi) }
      if items.stopped { break }
      poll.wait()
      endCompleted(on: multi)
    }
    for id in transfers.keys { end(id, .failure(.stopped), on: multi) }
    inbox.publish(nil)
    curl_multi_cleanup(multi)
  }

  private mutating func endCompleted(on multi: UnsafeMutableRawPointer) {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left)?.pointee {
      guard message.msg == CURLMSG_DONE, let handle = message.easy_handle, let id = byHandle[handle],
        let transfer = transfers[id]
      else { continue }
      end(id, transfer.result(message.data.result), on: multi)
    }
  }

  private mutating func start(
    _ call: PendingRequest, _ continuation: PendingRequest.Continuation, on multi: UnsafeMutableRawPointer
  ) {
    do throws(ModelError) {
      let transfer = try Transfer(call.request, certificates: certificates, continuation: continuation)
      guard curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
        throw ModelError(.connection, "libcurl took no further transfer")
      }
      transfers[ObjectIdentifier(call)] = transfer
      byHandle[transfer.handle] = ObjectIdentifier(call)
      transfer.call = call
    } catch {
      continuation.resume(returning: .failure(error))
    }
  }

  private mutating func end(
    _ id: ObjectIdentifier, _ result: Result<HTTPResponse, ModelError>, on multi: UnsafeMutableRawPointer
  ) {
    // A call may be cancelled when it is over, or before it began.
    guard let transfer = transfers.removeValue(forKey: id) else { return }
    byHandle[transfer.handle] = nil
    curl_multi_remove_handle(multi, transfer.handle)
    transfer.continuation.resume(returning: result)
  }

  /// libcurl has no memory for a handle: every call learns so.
  private func refuseAll() {
    while true {
      let items = inbox.take()
      for (_, continuation) in items.calls {
        continuation.resume(returning: .failure(ModelError(.connection, "libcurl could not be started")))
      }
      if items.stopped { return }
      Thread.sleep(forTimeInterval: 0.05)
    }
  }
}
