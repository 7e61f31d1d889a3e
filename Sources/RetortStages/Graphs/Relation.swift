/// What a fact of a generated world says of its subject. Each has one object a subject.
enum Relation: String, Sendable, CaseIterable {
  case region, population
  case locatedIn = "located_in"
  case foundedIn = "founded_in"
  case foundedBy = "founded_by"
  case bornIn = "born_in"
  case birthYear = "birth_year"
  case worksAt = "works_at"
  case studentOf = "student_of"
  case createdBy = "created_by"
  case createdIn = "created_in"
  case keptAt = "kept_at"
  case depicts
  case heldIn = "held_in"
  case eventYear = "event_year"
  case organisedBy = "organised_by"
  case wonBy = "won_by"

  /// A sentence that states it.
  func sentence(_ subject: String, _ object: String) -> String {
    switch self {
    case .region: "\(subject) lies in the region of \(object)."
    case .population: "\(subject) has \(object) inhabitants."
    case .locatedIn: "\(subject) stands in \(object)."
    case .foundedIn: "\(subject) was founded in \(object)."
    case .foundedBy: "\(subject) was founded by \(object)."
    case .bornIn: "\(subject) was born in \(object)."
    case .birthYear: "\(subject) was born in the year \(object)."
    case .worksAt: "\(subject) works at \(object)."
    case .studentOf: "\(subject) was a student of \(object)."
    case .createdBy: "\(subject) was made by \(object)."
    case .createdIn: "\(subject) dates from \(object)."
    case .keptAt: "\(subject) is kept at \(object)."
    case .depicts: "\(subject) shows a view of \(object)."
    case .heldIn: "\(subject) took place in \(object)."
    case .eventYear: "\(subject) took place in the year \(object)."
    case .organisedBy: "\(subject) was organised by \(object)."
    case .wonBy: "\(subject) was won by \(object)."
    }
  }
}
