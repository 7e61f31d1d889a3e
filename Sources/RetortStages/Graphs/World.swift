internal import RetortCore

/// A made world of people, places, institutions, works and events, community by community.
///
/// Each community comes of its own seed and knows earlier ones alone, so that a larger world begins with the smaller one,
/// and no more than one community need be held.
struct World: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case place, institution, person, work, event
  }

  struct Entity: Hashable, Sendable {
    let kind: Kind
    let name: String
    /// What some documents call it.
    let alias: String?
  }

  enum Object: Hashable, Sendable {
    case entity(Entity)
    case word(String)
    case number(Int)

    var text: String {
      switch self {
      case .entity(let entity): entity.name
      case .word(let word): word
      case .number(let number): String(number)
      }
    }
  }

  struct Stated: Hashable, Sendable {
    let subject: Entity
    let relation: Relation
    let object: Object
  }

  struct Community: Sendable {
    let number: Int
    let entities: [Entity]
    let facts: [Stated]
  }

  static let people = 6
  static let works = 4
  static let institutions = 2
  static let events = 2
  /// Most communities whose names are all different.
  static let mostCommunities = WorldNames.most / people

  private let seed: UInt64
  private let names: WorldNames

  init(seed: UInt64) {
    self.seed = seed
    names = WorldNames(seed: seed)
  }

  func random(of community: Int, salt: UInt64) -> SplitMix64 {
    SplitMix64(seed: seed &+ UInt64(community) &* 0x9E37_79B9 &+ salt &* 0xC2B2_AE3D)
  }

  func place(_ community: Int) -> Entity {
    Entity(kind: .place, name: names.place(community), alias: nil)
  }

  func institution(_ community: Int, _ index: Int) -> Entity {
    let kinds = ["Museum", "University", "Theatre", "Academy"]
    let number = community * Self.institutions + index
    let kind = kinds[(community + index) % kinds.count]
    let name = names.thing(number, salt: 3)
    return Entity(kind: .institution, name: "\(name) \(kind)", alias: index == 0 ? "the \(name)" : nil)
  }

  func person(_ community: Int, _ index: Int) -> Entity {
    let number = community * Self.people + index
    let name = names.person(number)
    let parts = name.split(separator: " ")
    return Entity(
      kind: .person, name: name, alias: index % 3 == 0 ? "\(parts[0].prefix(1)). \(parts[1])" : nil)
  }

  func namesake(_ community: Int, _ index: Int) -> String {
    names.namesake(community * Self.people + index)
  }

  private func work(_ community: Int, _ index: Int) -> Entity {
    let forms = [
      "The Lantern of", "A Song for", "Evening at", "The Mirror of", "Letters to", "The Bridge of",
    ]
    let number = community * Self.works + index
    let form = forms[(community + index) % forms.count]
    return Entity(kind: .work, name: "\(form) \(names.thing(number, salt: 4))", alias: nil)
  }

  private func event(_ community: Int, _ index: Int) -> Entity {
    let forms = ["Prize", "Festival", "Regatta", "Congress"]
    let number = community * Self.events + index
    let form = forms[(community + index) % forms.count]
    return Entity(kind: .event, name: "\(names.thing(number, salt: 5)) \(form)", alias: nil)
  }

  /// - Parameter number: from 0; links lead to itself and to lower ones.
  func community(_ number: Int) -> Community {
    var random = random(of: number, salt: 1)
    let place = place(number)
    let institutions = (0..<Self.institutions).map { institution(number, $0) }
    let people = (0..<Self.people).map { person(number, $0) }
    let works = (0..<Self.works).map { work(number, $0) }
    let events = (0..<Self.events).map { event(number, $0) }
    var facts: [Stated] = []
    func state(_ subject: Entity, _ relation: Relation, _ object: Object) {
      facts.append(Stated(subject: subject, relation: relation, object: object))
    }
    // Mostly near, so that facts close circles; some far, so that the world is one.
    func near<Value>(_ here: [Value], _ there: (Int, Int) -> Value, _ count: Int) -> Value {
      number > 0 && random.below(100) < 30
        ? there(random.below(number), random.below(count)) : here[random.below(here.count)]
    }
    func year(_ least: Int, _ most: Int) -> Object { .number(least + random.below(most - least + 1)) }

    state(place, .region, .word(Self.regions[random.below(Self.regions.count)]))
    state(place, .population, .number(900 + 10 * random.below(9_000)))
    for institution in institutions {
      state(institution, .locatedIn, .entity(place))
      state(institution, .foundedIn, year(1780, 1860))
      state(institution, .foundedBy, .entity(near(people, person, Self.people)))
    }
    for (index, person) in people.enumerated() {
      state(person, .bornIn, .entity(near([place], { other, _ in self.place(other) }, 1)))
      state(person, .birthYear, year(1790, 1930))
      state(person, .worksAt, .entity(near(institutions, institution, Self.institutions)))
      if index > 0 || number > 0 {
        let earlier = index > 0 ? people[random.below(index)] : self.person(random.below(number), 0)
        state(person, .studentOf, .entity(earlier))
      }
    }
    for work in works {
      state(work, .createdBy, .entity(people[random.below(people.count)]))
      state(work, .createdIn, year(1820, 1960))
      state(work, .keptAt, .entity(near(institutions, institution, Self.institutions)))
      state(work, .depicts, .entity(near([place], { other, _ in self.place(other) }, 1)))
    }
    for event in events {
      state(event, .heldIn, .entity(place))
      state(event, .eventYear, year(1850, 1990))
      state(event, .organisedBy, .entity(institutions[random.below(institutions.count)]))
      state(event, .wonBy, .entity(near(people, person, Self.people)))
    }
    return Community(
      number: number, entities: [place] + institutions + people + works + events, facts: facts)
  }

  static let regions = [
    "Aldmark", "Borrel", "Ceravia", "Dunmoor", "Eskar", "Falland", "Gorvia", "Hestmark", "Islen", "Jorvia",
  ]
}
