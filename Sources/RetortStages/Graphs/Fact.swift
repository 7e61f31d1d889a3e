internal import RetortCore

/// What a document states: of a subject, by a relation, an object, which is a name, a word or a number.
struct Fact: Hashable, Sendable {
  struct Subject: Hashable, Sendable {
    let name: String
    let relation: String
  }

  let subject: String
  let relation: String
  let object: JSON

  init(subject: String, relation: String, object: JSON) {
    self.subject = subject
    self.relation = relation
    self.object = object
  }

  /// Nil where a part is missing.
  init?(_ json: JSON) {
    guard let subject = json["subject"]?.string, let relation = json["relation"]?.string,
      let object = json["object"], !subject.isEmpty, !relation.isEmpty,
      object.string != nil || object.number != nil
    else { return nil }
    self.init(subject: subject, relation: relation, object: object)
  }

  /// What one object is asked for.
  var about: Subject { Subject(name: subject, relation: relation) }

  /// A relation as people say it.
  static func spoken(_ relation: String) -> String {
    relation.split(separator: "_").joined(separator: " ")
  }

  /// For people: subject, relation and object.
  var words: String { "\(subject) \(relation) \(object.string ?? object.text)" }
}
