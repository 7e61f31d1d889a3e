internal import HTTPTypes
internal import Hummingbird
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// Before every page: only this machine's names are answered and nothing is written; what goes wrong becomes a page.
struct Guard<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      guard isLocal(request.head.authority) else {
        throw Refusal(
          .misdirected,
          "expected the host 127.0.0.1 or localhost, found '\((request.head.authority ?? "none").prefix(80))'"
        )
      }
      guard request.method == .get || request.method == .head else {
        throw Refusal(
          .notAllowed, "expected GET or HEAD, found \(request.method.rawValue): the viewer only reads")
      }
      response = try await next(request, context)
    } catch let refusal as Refusal {
      response = Self.page(refusal)
      if refusal.kind == .notAllowed { response.headers[.allow] = "GET, HEAD" }
    } catch let error as HTTPError where error.status == .notFound {
      response = Self.page(
        Refusal(.notFound, "expected a page of the viewer, found none at '\(request.uri.path)'"))
    } catch let error as StoreError {
      response = Self.page(Refusal(.broken, error.description))
    } catch {
      response = Self.page(Refusal(.broken, "\(error)"))
    }
    if request.method == .head { response.body = ResponseBody() }
    for (name, value) in Self.headers { response.headers[name] = value }
    return response
  }

  private static func page(_ refusal: Refusal) -> Response {
    let title = refusal.kind == .notFound ? "Not found" : "This page cannot be shown"
    return Page(
      title: title,
      body: """
        <p>\(refusal.fact)</p>
        <p><a href="\(refusal.back.address)">Back to \(refusal.back.name)</a></p>
        """
    ).response(refusal.kind.rawValue)
  }

  private static var headers: [(HTTPField.Name, String)] {
    [
      (
        .contentSecurityPolicy,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
          + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
      ),
      (.xContentTypeOptions, "nosniff"),
      (.cacheControl, "no-store"),
    ]
      + [
        ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
      ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
  }
}

/// A name that another site points at this machine is refused: its pages could read the store otherwise. The port may
/// be another one, as where a connection is forwarded.
func isLocal(_ authority: String?) -> Bool {
  guard let authority else { return false }
  let host = authority.replacing(/:[0-9]*$/, with: "").lowercased()
  return ["127.0.0.1", "localhost", "[::1]"].contains(host)
}
