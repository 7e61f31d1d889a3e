internal import Foundation

/// The file descriptors of this process, each socket one of them.
enum Descriptors {
  /// Left to the store, exports, pipes and libcurl's own.
  private static let reserve = 40

  /// How many sockets may be open at once, at least 4. The process's limit is raised to what the system allows first.
  static let forSockets: Int = {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(files, &limit) == 0 else { return 1024 - reserve }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(files, &raised) == 0 { limit = raised }
    }
    return max(4, Int(min(limit.rlim_cur, 1 << 20)) - reserve)
  }()
}
