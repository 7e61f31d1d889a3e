/// A reply of an old store, to be held against today's checks. What was asked is told from the request's parameters and
/// the reply's form; where they leave a doubt the reply counts as usable.
package struct StoredReply: Sendable {
  package let reply: ReplyBody
  package let parameters: JSON
  package let prompt: JSON

  /// Why nobody could use a reply; nil where somebody could.
  package static func fault(body: String, parameters: JSON, prompt: JSON) -> String? {
    guard let json = try? JSON(parsing: body) else { return "no JSON" }
    let stored = StoredReply(
      reply: ReplyBody(text: body, json: json), parameters: parameters, prompt: prompt)
    do {
      try stored.check()
      return nil
    } catch { return (error as? ModelError)?.message ?? "\(error)" }
  }

  private func check() throws {
    for format in WireFormats.all where try format.accepts(self) { return }
    if let error = reply.json["error"], !error.isBlank {
      throw ModelError(.malformed, "expected a reply, found an error: \(error.text.prefix(200))")
    }
  }
}
