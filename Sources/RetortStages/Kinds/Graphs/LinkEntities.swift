internal import OrderedCollections
package import RetortCore

/// Makes one entity of the names that mean one: by a table of aliases or redirects, by facts that say so, by spelling
/// (REDSearcher, section 3). What was decided is a column.
package struct LinkEntities: SetStage {
  package static let name = "link-entities"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Give the entities of documents' facts one name each, by aliases, by facts that say so and by spelling."
  package static let keys = [
    "same": "Relations whose object is another name of their subject, as also_called; default none."
  ]
  package static let sets = [HiddenNames.role]

  package struct Config: Codable, Sendable {
    package var same: [String]?

    package init(same: [String]? = nil) { self.same = same }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package var reads: [ColumnUse] { [ColumnUse("facts")] }
  package var adds: [String]? { ["facts", "links"] }
  package var passed: PassedColumns { .changing(["facts"]) }
  private let same: Set<String>
  private let aliases: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    same = Set(config.same ?? [])
    aliases = workspace.set("aliases", as: Columns.self)
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Columns>) async throws {
    var names = EntityNames()
    for (name, others) in try await HiddenNames.others(aliases).sorted(by: { $0.key < $1.key }) {
      for other in others { names.say(other, is: name, by: .alias) }
    }
    for try await element in rows {
      for fact in (element.value["facts"]?.array ?? []).compactMap(Fact.init) {
        names.count(fact.subject)
        guard let object = fact.object.string else { continue }
        if same.contains(fact.relation) { names.say(object, is: fact.subject, by: .fact) }
      }
    }
    for try await element in rows {
      guard let facts = element.value["facts"]?.array else {
        try await sink.drop(
          element.ordinal, reason: "no facts",
          detail: "expected a list in 'facts', found \(element.value.found("facts"))")
        continue
      }
      var links: OrderedDictionary<String, JSON> = [:]
      func linked(_ value: JSON?) -> JSON? {
        guard let name = value?.string, let link = names.link(of: name) else { return value }
        links[name] = [
          "alias": .string(name), "name": link.name.map { .string($0) } ?? .null,
          "by": .string(link.by.rawValue),
        ]
        return link.name.map { .string($0) } ?? value
      }
      let renamed = facts.map { json -> JSON in
        guard var fact = json.object else { return json }
        fact["subject"] = linked(fact["subject"])
        fact["object"] = linked(fact["object"])
        return .object(fact)
      }
      try await sink.keep(
        element.ordinal,
        adding: Columns(["facts": .array(renamed), "links": .array(Array(links.values))]))
    }
  }
}
