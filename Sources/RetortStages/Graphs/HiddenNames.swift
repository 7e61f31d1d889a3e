internal import OrderedCollections
internal import RetortCore

/// What a question must not say, and what it must.
struct HiddenNames: Sendable {
  private let task: SearchTask
  private let others: [String: [String]]

  /// - Parameter others: other names of entities.
  init(_ task: SearchTask, others: [String: [String]] = [:]) {
    self.task = task
    self.others = others
  }

  /// The first name of what is to be found that a text says.
  func said(in text: String) -> String? {
    let spaced = WholeWords.spaced(text)
    return task.unresolved.flatMap { names(of: $0) }.first { spaced.contains(WholeWords.spaced($0)) }
  }

  /// A word of such a name that stands alone in a text, with its capital, and nowhere in one that gives nothing away.
  func hint(in text: String, besides plain: String) -> String? {
    let allowed = Set(Self.words(plain) + task.named.flatMap { names(of: $0).flatMap(Self.words) })
    let said = Set(Self.words(text))
    let hidden: [Substring] = task.unresolved.flatMap { names(of: $0).flatMap(Self.words) }
    let hint = hidden.first { word in
      word.count >= 3 && word.first?.isUppercase == true && said.contains(word) && !allowed.contains(word)
        && !Self.plain.contains(word)
    }
    return hint.map(String.init)
  }

  /// The first named entity that a text does not speak of, though the task does.
  func missing(in text: String) -> String? {
    let spaced = WholeWords.spaced(text)
    return spoken.first { entity in !names(of: entity).contains { spaced.contains(WholeWords.spaced($0)) } }
  }

  /// The named entities that the facts speak of.
  var spoken: [String] {
    let told = task.parts.filter(\.isSaid).reduce(into: Set<String>()) { told, part in
      told.insert(part.fact.subject)
      if let name = part.fact.object.string { told.insert(name) }
      if let relative = part.relative { told.insert(relative.about.name) }
    }
    return task.named.filter(told.contains)
  }

  func names(of entity: String) -> [String] { [entity] + (others[entity] ?? []) }

  /// Of three letters and more, in names of works as in any sentence.
  private static let plain: Set<Substring> = ["The", "And", "For", "From", "Into", "With"]

  private static func words(_ text: String) -> [Substring] {
    text.split { !$0.isLetter && !$0.isNumber }
  }
}

extension HiddenNames {
  static let role = SetRole(
    "aliases", required: false, columns: ["name", "alias"],
    help: "Other names of entities, a row each: the entity's name and one alias.")

  /// Of each entity, its other names.
  static func others(_ rows: RowSet<Columns>?) async throws -> [String: [String]] {
    var others: [String: [String]] = [:]
    guard let rows else { return others }
    for try await row in rows {
      if let name = row.value["name"]?.string, let alias = row.value["alias"]?.string, !alias.isBlank {
        others[name, default: []].append(alias)
      }
    }
    return others
  }
}
