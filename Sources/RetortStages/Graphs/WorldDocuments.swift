internal import RetortCore

/// The documents of a community: pages, catalogues, registers and news over which its facts are spread, and others that
/// lead astray: people of nearly the same name, and notices with a wrong year.
struct WorldDocuments {
  struct Statement: Hashable, Sendable {
    let fact: World.Stated
    /// The sentence, as it stands in the text.
    let span: String
    /// Whether it contradicts the world.
    var isWrong = false
  }

  struct Document: Hashable, Sendable {
    let kind: String
    let title: String
    let address: String
    let statements: [Statement]
    /// Sentences that state no fact of the world.
    var others: [String] = []

    var text: String { (others + statements.map(\.span)).joined(separator: " ") }
  }

  let world: World

  func documents(of community: World.Community) -> [Document] {
    var random = world.random(of: community.number, salt: 2)
    var pages: [World.Entity: [Statement]] = [:]
    var elsewhere: [Place: [Statement]] = [:]
    for fact in community.facts {
      let place = Place(fact, of: community)
      let onPage = place == nil || random.below(100) < 55
      if onPage { pages[fact.subject, default: []].append(statement(fact, named: fact.subject.name)) }
      guard let place, !onPage || random.below(100) < 25 else { continue }
      let name = random.below(2) == 0 ? fact.subject.alias ?? fact.subject.name : fact.subject.name
      elsewhere[place, default: []].append(statement(fact, named: name))
    }
    var documents = community.entities.map { entity in
      Document(
        kind: "page", title: entity.name, address: address("page", entity.name, community.number),
        statements: pages[entity] ?? [],
        others: entity.alias.map { ["\(entity.name) is also called \($0)."] } ?? [])
    }
    for place in Place.all(of: community) {
      guard let statements = elsewhere[place], !statements.isEmpty else { continue }
      documents.append(
        Document(
          kind: place.kind, title: place.title, address: address(place.kind, place.title, community.number),
          statements: statements))
    }
    documents.append(namesake(in: community, &random))
    documents.append(notice(in: community, &random))
    return documents
  }

  private func statement(_ fact: World.Stated, named name: String) -> Statement {
    let sentence = fact.relation.sentence(name, fact.object.text)
    return Statement(fact: fact, span: sentence.prefix(1).uppercased() + sentence.dropFirst())
  }

  /// Somebody of the same family name with facts of their own, which no question asks for.
  private func namesake(in community: World.Community, _ random: inout SplitMix64) -> Document {
    let name = world.namesake(community.number, random.below(World.people))
    let year = 1790 + random.below(140)
    return Document(
      kind: "page", title: name, address: address("page", name, community.number), statements: [],
      others: ["\(name) was a merchant.", "\(name) died in the year \(year + 50)."])
  }

  /// A year that is not the one.
  private func notice(in community: World.Community, _ random: inout SplitMix64) -> Document {
    let dated = community.facts.filter {
      if case .number = $0.object { $0.relation != .population } else { false }
    }
    let fact = dated[random.below(dated.count)]
    var year = 0
    if case .number(let right) = fact.object { year = right + 1 + random.below(9) }
    let wrong = World.Stated(subject: fact.subject, relation: fact.relation, object: .number(year))
    var said = statement(wrong, named: fact.subject.name)
    said.isWrong = true
    let title = "Notice about \(fact.subject.name)"
    return Document(
      kind: "notice", title: title, address: address("notice", title, community.number), statements: [said],
      others: ["From a reader's letter."])
  }

  /// By templates of several domains, so that no address tells what it holds.
  private func address(_ kind: String, _ title: String, _ community: Int) -> String {
    let slug = title.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    return switch kind {
    case "page": "https://encyclopaedia.example/wiki/\(slug)"
    case "catalogue": "https://collections.example/\(community)/\(slug)"
    case "register": "https://archive-\(community % 40).example/registers/\(slug)"
    case "staff": "https://people.example/\(slug)"
    case "news": "https://gazette-\(community % 25).example/\(community)/\(slug)"
    default: "https://letters.example/\(community)/\(slug)"
    }
  }

  /// Where a fact may stand beside its subject's page.
  private enum Place: Hashable {
    case catalogue(World.Entity)
    case staff(World.Entity)
    case register(World.Entity)
    case news(World.Entity)

    /// Nil where it stands on its subject's page alone.
    init?(_ fact: World.Stated, of community: World.Community) {
      let institutions = community.entities.filter { $0.kind == .institution }
      switch fact.relation {
      case .createdBy, .createdIn, .keptAt, .depicts:
        self = .catalogue(institutions[fact.subject.name.utf8.count % institutions.count])
      case .worksAt, .studentOf:
        self = .staff(institutions[fact.subject.name.utf8.count % institutions.count])
      case .bornIn, .birthYear: self = .register(community.entities[0])
      case .heldIn, .eventYear, .organisedBy, .wonBy: self = .news(fact.subject)
      case .region, .population, .locatedIn, .foundedIn, .foundedBy: return nil
      }
    }

    static func all(of community: World.Community) -> [Place] {
      community.entities.flatMap { entity -> [Place] in
        switch entity.kind {
        case .place: [.register(entity)]
        case .institution: [.catalogue(entity), .staff(entity)]
        case .event: [.news(entity)]
        case .person, .work: []
        }
      }
    }

    var kind: String {
      switch self {
      case .catalogue: "catalogue"
      case .staff: "staff"
      case .register: "register"
      case .news: "news"
      }
    }

    var title: String {
      switch self {
      case .catalogue(let entity): "Catalogue of \(entity.name)"
      case .staff(let entity): "People of \(entity.name)"
      case .register(let entity): "Register of births of \(entity.name)"
      case .news(let entity): "News of \(entity.name)"
      }
    }
  }
}
