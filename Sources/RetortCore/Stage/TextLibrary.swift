/// The rows that a tool looks into, and the digest that they are known by.
package struct Corpus: Sendable {
  package let digest: Digest
  package let rows: RowSet<Columns>

  package init(digest: Digest, rows: RowSet<Columns>) {
    self.digest = digest
    self.rows = rows
  }
}

/// Makes the rows of a corpus searchable: a library that only the store's module has.
package protocol TextLibrary: Sendable {
  /// The index of a corpus, made where there is none yet. Columns: `text`, and `title` and `url` where rows have them.
  func index(of corpus: Corpus) async throws -> any TextIndex
}

package protocol TextIndex: Sendable {
  /// The documents that say most of some words, the best first.
  ///
  /// - Parameter words: as a person or a model writes them; no query language.
  func search(_ words: String, limit: Int) async throws -> [TextHit]
  /// The document of a number, from 1, or with an address or a title; nil where there is none.
  func document(_ name: String) async throws -> TextDocument?
}

package struct TextHit: Hashable, Sendable {
  /// Place in the corpus, from 1.
  package let number: Int
  package let title: String
  package let url: String
  /// The part of the text that says most of the words.
  package let snippet: String

  package init(number: Int, title: String, url: String, snippet: String) {
    self.number = number
    self.title = title
    self.url = url
    self.snippet = snippet
  }
}

package struct TextDocument: Hashable, Sendable {
  package let number: Int
  package let title: String
  package let url: String
  package let text: String

  package init(number: Int, title: String, url: String, text: String) {
    self.number = number
    self.title = title
    self.url = url
    self.text = text
  }
}

/// For checks, which look nothing up.
package struct NoLibrary: TextLibrary {
  package init() {}
  package func index(of corpus: Corpus) async throws -> any TextIndex {
    throw StageError("expected a store to index the corpus beside, found none")
  }
}
