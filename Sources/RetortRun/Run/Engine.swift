internal import Foundation
internal import OrderedCollections
package import RetortCore
package import RetortStore

/// Performs a pipeline: every step whose key the store lacks, and no other.
package struct Engine: Sendable {
  let pipeline: Pipeline
  let store: Store
  let models: any ModelProvider
  let servers: any ToolServers
  let options: RunOptions
  let interruption: Interruption
  /// Of which programs that stages start see what holds no key.
  let environment: [String: String]
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  /// Steps in flight of a stage that calls no model.
  let cores: Int

  package init(
    _ pipeline: Pipeline, store: Store, models: any ModelProvider, servers: any ToolServers = NoToolServers(),
    options: RunOptions = .init(), interruption: Interruption = Interruption(),
    environment: [String: String] = ProcessInfo.processInfo.environment,
    cores: Int = ProcessInfo.processInfo.activeProcessorCount,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.pipeline = pipeline
    self.store = store
    self.models = models
    self.servers = servers
    self.options = options
    self.interruption = interruption
    self.environment = environment
    self.cores = cores
    self.now = now
  }

  /// Runs to the end, or to where failures, a budget, a refusing endpoint, an interruption or cancellation stop it;
  /// the summary says which. Interrupted, it begins no step and lets those in flight end as far as they need no further
  /// call; cancelled, it drops them.
  ///
  /// Errors: ``RunError`` when the pipeline cannot run; the store's.
  package func run(_ tell: @escaping @Sendable (RunEvent) -> Void = { _ in }) async throws -> RunSummary {
    try checkNames()
    let began = now()
    let lock = try store.lock(for: pipeline.name, at: began)
    defer { withExtendedLifetime(lock) {} }
    let dead = try await store.steps.openRuns()
    let (run, begunBefore) = try await store.steps.beginRun(NewRun(pipeline, options), at: began)
    tell(.started(run: run))
    for (run, pipeline) in dead { tell(.foundDead(run: run, pipeline: pipeline)) }
    let takes = try await store.steps.beginToolTakes(
      of: pipeline.toolDigests, redo: options.redoTools, origin: options.origin ?? run)
    let performance = Performance(self, run: run, begunBefore: begunBefore, toolTakes: takes, tell: tell)
    let status: RunStatus
    do { status = try await watchingStore { try await performance.perform() } } catch {
      guard Task.isCancelled else {
        // Where the store itself is at fault this fails too, and says less.
        try? await store.steps.breakRun(run, at: now())
        throw error
      }
      status = .interrupted
    }
    let seconds = now() - began
    // The last words are written even when this task is cancelled.
    let summary = try await Task { [status, self] in
      let summary = try await performance.summary(status, seconds: seconds)
      try await store.steps.finishRun(run, status: summary.status.rawValue, at: now())
      return summary
    }.value
    for entry in summary.stages.list where !entry.books.balance {
      throw RunError("the books of stage '\(entry.stage)' do not balance: \(entry.books)")
    }
    return summary
  }

  /// Ends `work` soon after the store has left its path: what it still pays for could not be kept.
  private func watchingStore(_ work: @escaping @Sendable () async throws -> RunStatus) async throws
    -> RunStatus
  {
    try await withThrowingTaskGroup(of: RunStatus?.self) { group in
      group.addTask(operation: work)
      group.addTask { [store] in
        while !Task.isCancelled {
          try store.check()
          try? await Task.sleep(for: .milliseconds(500))
        }
        return nil
      }
      defer { group.cancelAll() }
      while let status = try await group.next() {
        if let status { return status }
      }
      return .interrupted
    }
  }

  private func checkNames() throws {
    for name in [options.only].compactMap({ $0 }) + options.redo.sorted()
    where pipeline.instances(of: name).isEmpty {
      throw RunError(
        "expected a stage of \(pipeline.name) (\(pipeline.stageWords.joined(separator: ", "))), found '\(name)'"
      )
    }
    for name in options.redo.sorted() { try pipeline.checkRedo(name) }
    for name in options.redoTools.sorted() where !pipeline.tools.contains(where: { $0.name == name }) {
      throw RunError(
        "expected a tool of \(pipeline.name) (\(pipeline.tools.map(\.name).joined(separator: ", "))), found '\(name)'"
      )
    }
  }
}

extension NewRun {
  /// A pipeline as its run is recorded.
  init(_ pipeline: Pipeline, _ options: RunOptions) {
    self.init(
      pipeline: pipeline.name, file: pipeline.file.path, flags: options.flags, origin: options.origin,
      fingerprint: pipeline.fingerprint, resolved: pipeline.resolved,
      stages: pipeline.stages.map { stage in
        Stage(
          name: stage.name, kind: stage.entry.name, version: stage.entry.version, from: stage.from,
          using: stage.using.mapValues { .string($0) }, columns: stage.columns)
      })
  }
}
