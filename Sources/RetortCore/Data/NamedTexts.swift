package import OrderedCollections

/// Texts by name, in the order in which a file writes them.
package struct NamedTexts: Hashable, Sendable {
  package let values: OrderedDictionary<String, String>

  package init(_ values: OrderedDictionary<String, String>) { self.values = values }
}

extension NamedTexts: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, String)...) {
    self.init(OrderedDictionary(elements) { first, _ in first })
  }
}

extension NamedTexts: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: JSONIndex.self)
    var values: OrderedDictionary<String, String> = [:]
    for key in container.allKeys { values[key.stringValue] = try container.decode(String.self, forKey: key) }
    self.init(values)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: JSONIndex.self)
    for (name, text) in values { try container.encode(text, forKey: JSONIndex(name)) }
  }
}
