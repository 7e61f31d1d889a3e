internal import Foundation
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import RetortCore
internal import RetortReport
package import RetortStore

/// Shows a store to a browser on this machine, and changes nothing in it.
package struct Viewer: Sendable {
  let store: Store
  let browser: RowBrowser
  let figures: Figures

  /// Errors: ``StoreError``.
  package init(_ store: Store) throws {
    self.store = store
    browser = try RowBrowser(store)
    figures = Figures(store)
  }

  func application(port: Int, ready: @escaping @Sendable (Int) -> Void = { _ in }) -> Application<
    RouterResponder<BasicRequestContext>
  > {
    var logger = Logger(label: "retort")
    logger.logLevel = .critical
    let connections = Connections()
    return Application(
      router: router,
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ConnectionHandler(connections)], idleTimeout: .seconds(15),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
      configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { channel in
        _ = try? await channel.eventLoop.submit {
          try channel.pipeline.syncOperations.addHandler(AcceptHandler(), position: .first)
        }.get()
        ready(channel.localAddress?.port ?? port)
      }, logger: logger)
  }

  private var router: Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.add(middleware: Guard())
    let (runs, losses, rows, row, compare) = (
      RunPages(viewer: self), LossPages(viewer: self), RowsPage(viewer: self), RowPages(viewer: self),
      ComparePages(viewer: self)
    )
    router.get("/style.css") { _, _ in Assets.response(Assets.style, "text/css; charset=utf-8") }
    router.get("/live.js") { _, _ in Assets.response(Assets.script, "text/javascript; charset=utf-8") }
    router.get("/icon.svg") { _, _ in Assets.response(Assets.icon, "image/svg+xml") }
    router.get("/") { _, _ in try await runs.home().response() }
    router.get("/runs/:run") { _, context in try await runs.run(try Self.number("run", context)).response() }
    router.get("/runs/:run/dropped") { request, context in
      try await losses.page(try Self.number("run", context), Query(request.uri.query)).response()
    }
    router.get("/runs/:run/stages/:stage") { request, context in
      // A stage of a round, `play[2].ask`, comes encoded.
      let text = try context.parameters.require("stage")
      let stage = text.removingPercentEncoding ?? text
      return try await rows.page(try Self.number("run", context), stage, Query(request.uri.query)).response()
    }
    router.get("/rows/:row") { _, context in try await row.row(try Self.number("row", context)).response() }
    router.get("/calls/:call") { _, context in try await row.call(try Self.number("call", context)).response()
    }
    router.get("/images/:digest") { [images = store.images] _, context in
      try await ImageMarkup.response(try context.parameters.require("digest"), from: images)
    }
    router.get("/find") { request, _ in
      guard let id = Query(request.uri.query)["row"] else {
        throw Refusal(.badRequest, "expected a row's identifier (r_…) to find, found none")
      }
      return try await row.find(id).response()
    }
    router.get("/compare/runs") { request, _ in try await compare.runs(Query(request.uri.query)).response() }
    router.get("/compare/rows") { request, _ in try await compare.rows(Query(request.uri.query)).response() }
    return router
  }

  private static func number(_ name: String, _ context: BasicRequestContext) throws -> Int64 {
    let text = try context.parameters.require(name)
    guard let number = Int64(text), number >= 0 else {
      throw Refusal(.notFound, "expected the number of a \(name), found '\(text.prefix(80))'")
    }
    return number
  }

  // MARK: What pages share

  func outline(of run: Int64) async throws -> RunOutline {
    guard let outline = try await store.inspector.outline(of: run) else {
      throw Refusal(.notFound, "expected a run numbered \(run) in the store, found none")
    }
    return outline
  }

  func stage(_ name: String, of outline: RunOutline) throws -> RunOutline.Stage {
    guard let stage = outline[name] else {
      throw Refusal(
        .notFound, "expected a stage of run \(outline.run.id), found '\(name.prefix(80))'",
        back: (Link.run(outline.run.id), "run \(outline.run.id)"))
    }
    return stage
  }

  func trail(_ run: RunListing) -> [(address: String, name: String)] {
    [(Link.run(run.id), "Run \(run.id) of \(run.pipeline)")]
  }
}
