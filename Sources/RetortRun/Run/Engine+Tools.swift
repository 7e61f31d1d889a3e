internal import Foundation
internal import OrderedCollections
package import RetortCore
internal import RetortStore

extension Engine {
  /// What the servers among some tools offer, by name: what is remembered, else what they say when they are asked now.
  /// Errors: ``Halt`` where one that was never asked cannot be.
  func offers(of tools: [ToolSpec], takes: [String: Int], for origin: CallOrigin) async throws -> [String:
    [ToolOffer]]
  {
    let remembered = RememberedOffers(store.tools, takes: takes)
    var offers: [String: [ToolOffer]] = [:]
    for server in tools.compactMap(\.server) {
      do {
        offers[server.name] = try await remembered.offers(of: server, asking: servers, for: origin)
      } catch let error as StageError { throw Halt.unready(error.description) }
    }
    return offers
  }

  /// The tools of the file, to be offered to others than its stages. What they look into is read first, where that was not
  /// done yet.
  ///
  /// Errors: ``RunError`` where a corpus is not there and a model would have to be asked for it; ``Halt`` where a server
  /// cannot be asked; the store's.
  package func toolbox(
    for stage: String, say: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> Toolbox {
    let specs = pipeline.tools
    let takes = try await store.steps.beginToolTakes(of: pipeline.toolDigests, redo: [], origin: 0)
    var (run, sets, digests): (Int64?, [String: RowSet<Columns>], [String: Digest]) = (nil, [:], [:])
    for (name, tools) in OrderedDictionary(
      grouping: specs.filter { $0.corpus != nil }, by: { $0.corpus ?? "" })
    {
      let corpus = try await rows(of: name)
      run = corpus.run
      for tool in tools { (sets[tool.role], digests[tool.role]) = (corpus.rows, corpus.digest) }
    }
    let origin = CallOrigin(run: run, stage: stage)
    return try ToolServices(
      memory: store.tools, library: store.texts, images: store.images,
      models: models.asked(by: origin.withoutTake), origin: origin, digests: digests, takes: takes,
      servers: servers, offers: try await offers(of: specs, takes: takes, for: origin)
    ).toolbox(specs, sets: sets, say: say)
  }

  /// The rows of a stage as they are now.
  private func rows(of stage: String) async throws -> (run: Int64, rows: RowSet<Columns>, digest: Digest) {
    var options = options
    options.only = stage
    let planned = try await Plan.make(pipeline, store: store, options: options)
    let missing = planned.stages.first { entry in
      (entry.todo > 0 || entry.waits) && pipeline[entry.stage]?.models.isEmpty == false
    }
    if let missing {
      throw RunError(
        "expected the rows of '\(stage)' in the store, found none of '\(missing.stage)', which asks a model; run "
          + "`retort run \(pipeline.file.lastPathComponent) --only \(stage)` first")
    }
    let summary = try await Engine(
      pipeline, store: store, models: models, servers: servers, options: options, interruption: interruption,
      environment: environment, cores: cores, now: now
    ).run()
    guard summary.status == .complete, let ordinal = pipeline.ordinals[stage] else {
      throw RunError(
        "expected the rows of '\(stage)', found a run that did not complete (\(summary.status.rawValue)); `retort "
          + "failures` says why")
    }
    let place = StagePlace(run: summary.run, ordinal: ordinal, from: [ordinal])
    let found = try await store.steps.set(place, passing: [ordinal])
    return (
      summary.run, store.steps.rowSet(place, count: found.count, complete: found.complete), found.digest
    )
  }
}
