internal import Synchronization

/// Calls that a step makes together.
///
/// With the first that fails, those that are not sent yet are given up. What was sent is paid for: it comes to its end,
/// and its reply is kept for when the step is done again.
package enum Together {
  /// The results of `count` tasks, in order. Errors: that of the first task to fail, when all have ended.
  package static func results<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (_ index: Int) async throws -> Value
  ) async throws -> [Value] {
    let company = Company(in: Company.current)
    return try await Company.$current.withValue(company) {
      let results = await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
        for index in 0..<count {
          group.addTask {
            do { return (index, .success(try await body(index))) } catch { return (index, .failure(error)) }
          }
        }
        var results: [Int: Value] = [:]
        for await (index, result) in group {
          switch result {
          case .success(let value): results[index] = value
          case .failure(let error): company.fail(error)
          }
        }
        return results
      }
      if let error = company.failure { throw error }
      return (0..<count).compactMap { results[$0] }
    }
  }

  /// Errors: `CancellationError` where a call that was to be made with this one has failed.
  static func check() throws {
    if Company.current?.hasFailed == true { throw CancellationError() }
  }
}

/// Tasks that are of no use without one another.
private final class Company: Sendable {
  @TaskLocal static var current: Company?

  private let outer: Company?
  private let first = Mutex<(any Error)?>(nil)

  init(in outer: Company?) { self.outer = outer }

  var failure: (any Error)? { first.withLock { $0 } }
  var hasFailed: Bool { failure != nil || outer?.hasFailed == true }

  func fail(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
}
