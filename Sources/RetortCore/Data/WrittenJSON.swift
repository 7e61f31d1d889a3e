internal import Synchronization

/// A value that is written out in several places: each of its texts is made once, when it is first asked for.
package final class WrittenJSON: Sendable {
  package let json: JSON
  private let texts = Mutex<(plain: String?, canonical: String?)>((nil, nil))

  package init(_ json: JSON) { self.json = json }

  /// As ``JSON/text``.
  package var text: String {
    texts.withLock {
      let text = $0.plain ?? json.text
      $0.plain = text
      return text
    }
  }

  /// As ``JSON/canonical``.
  package var canonical: String {
    texts.withLock {
      let text = $0.canonical ?? json.canonical
      $0.canonical = text
      return text
    }
  }

  package var digest: Digest { Digest(of: canonical) }
}
