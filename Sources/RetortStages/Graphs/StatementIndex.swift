internal import RetortCore

/// Which documents have a sentence with a fact's subject and its object, found in one walk through them.
struct StatementIndex {
  private struct Pair: Hashable {
    let subject: String
    let object: String
  }

  private var documents: [Pair: Set<String>] = [:]
  /// Pairs by the word of their subject that the fewest have; made when the first text is read.
  private var byWord: [Substring: [Pair]] = [:]

  private static func pair(_ fact: Fact) -> Pair {
    Pair(
      subject: WholeWords.spaced(fact.subject),
      object: WholeWords.spaced(fact.object.string ?? fact.object.text))
  }

  mutating func look(for fact: Fact) {
    let pair = Self.pair(fact)
    if documents[pair] == nil { documents[pair] = [] }
    byWord = [:]
  }

  private mutating func arrange() {
    var counts: [Substring: Int] = [:]
    for pair in documents.keys {
      for word in Set(pair.subject.split(separator: " ")) { counts[word, default: 0] += 1 }
    }
    for pair in documents.keys {
      let rarest = pair.subject.split(separator: " ").min { (counts[$0] ?? 0, $0) < (counts[$1] ?? 0, $1) }
      if let rarest { byWord[rarest, default: []].append(pair) }
    }
  }

  func documents(stating fact: Fact) -> Set<String> { documents[Self.pair(fact)] ?? [] }

  mutating func read(_ text: String, of document: String) {
    if byWord.isEmpty { arrange() }
    for sentence in text.split(whereSeparator: { ".!?\n。！？".contains($0) }) {
      let said = WholeWords.spaced(sentence)
      var seen: Set<Substring> = []
      for word in said.split(separator: " ") where seen.insert(word).inserted {
        for pair in byWord[word] ?? [] where said.contains(pair.subject) && said.contains(pair.object) {
          documents[pair, default: []].insert(document)
        }
      }
    }
  }
}
