internal import RetortCore

/// Which documents have a sentence with a fact's subject and its object, found in one walk through them.
struct StatementIndex {
  private struct Pair: Hashable {
    let subject: String
    let object: String
  }

  private var documents: [Pair: Set<String>] = [:]
  /// Pairs by the first word of their subject.
  private var byWord: [Substring: [Pair]] = [:]

  private static func pair(_ fact: Fact) -> Pair {
    Pair(subject: words(fact.subject), object: words(fact.object.string ?? fact.object.text))
  }

  mutating func look(for fact: Fact) {
    let pair = Self.pair(fact)
    guard documents[pair] == nil, let word = pair.subject.split(separator: " ").first else { return }
    documents[pair] = []
    byWord[word, default: []].append(pair)
  }

  func documents(stating fact: Fact) -> Set<String> { documents[Self.pair(fact)] ?? [] }

  mutating func read(_ text: String, of document: String) {
    for sentence in text.split(whereSeparator: { ".!?\n。！？".contains($0) }) {
      let said = Self.words(sentence)
      var seen: Set<Substring> = []
      for word in said.split(separator: " ") where seen.insert(word).inserted {
        for pair in byWord[word] ?? [] where said.contains(pair.subject) && said.contains(pair.object) {
          documents[pair, default: []].insert(document)
        }
      }
    }
  }

  /// Lower case, one space before, after and between words, so that words match whole.
  private static func words(_ text: some StringProtocol) -> String {
    " " + text.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ") + " "
  }
}
