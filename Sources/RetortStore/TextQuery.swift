internal import Foundation
internal import GRDB

/// Words as a model writes them, as a query that takes milliseconds whatever they are: no operators, no words that every
/// text has, the rarest first, and no more than so many places of the index.
struct TextQuery {
  /// Most words that are looked at, and of those most that are asked for.
  private static let (mostWords, mostTerms) = (64, 12)
  /// Documents that all terms but the rarest may stand in together.
  private static let mostDocuments = 50_000

  private let words: [String]

  init(_ text: String) {
    var seen: Set<String> = []
    let all = text.split { !$0.isLetter && !$0.isNumber }.prefix(Self.mostWords)
      .map { String($0.prefix(64)).lowercased() }.filter { seen.insert($0).inserted }
    let telling = all.filter { !Self.stopWords.contains($0) }
    // A band may be called The Who.
    words = telling.isEmpty ? all : telling
  }

  /// In the words of FTS5; nil where no document has any of them.
  func match(_ db: Database) throws -> String? {
    let count = try db.cachedStatement(sql: "SELECT doc FROM vocabulary WHERE term = ?")
    var terms: [(word: String, documents: Int)] = []
    for word in words {
      let documents = try Int.fetchOne(count, arguments: [Self.folded(word)]) ?? 0
      if documents > 0 { terms.append((word, documents)) }
    }
    terms.sort { ($0.documents, $0.word) < ($1.documents, $1.word) }
    var (chosen, documents): ([String], Int) = ([], 0)
    for term in terms.prefix(Self.mostTerms) {
      documents += term.documents
      guard chosen.isEmpty || documents <= Self.mostDocuments else { break }
      chosen.append("\"\(term.word)\"")
    }
    return chosen.isEmpty ? nil : chosen.joined(separator: " OR ")
  }

  /// As the index has it: without the marks on letters.
  private static func folded(_ word: String) -> String {
    String(
      String.UnicodeScalarView(
        word.decomposedStringWithCanonicalMapping.unicodeScalars.filter {
          $0.properties.generalCategory != .nonspacingMark
        }))
  }

  private static let stopWords: Set<String> = Set(
    """
    a about after all also an and any are as at be because been before being between both but by can could did do does
    doing during each few for from further had has have having he her here hers him his how i if in into is it its itself
    just me more most my no nor not now of off on once only or other our out over own s same she should so some such t
    than that the their them then there these they this those through to too under until up very was we were what when
    where which while who whom whose why will with would you your
    """.split(whereSeparator: \.isWhitespace).map(String.init))
}
