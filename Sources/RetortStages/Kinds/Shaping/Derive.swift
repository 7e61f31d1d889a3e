internal import OrderedCollections
package import RetortCore

/// Makes columns of a row's other columns: from a place inside of them, by a template, or always the same; and casts and
/// fills those that it has.
///
/// Each column is cast and filled as soon as it has its value, and in this order: the row's own, `paths` and `constants`,
/// `templates`. So a path looks into what a cast made, and a template is rendered with all but what templates make.
package struct Derive: RowStage {
  package struct Config: Codable, Sendable {
    package var paths: NamedTexts?
    package var constants: Columns?
    package var templates: NamedTexts?
    package var defaults: Columns?
    package var types: [String: CellType]?

    package init(
      paths: NamedTexts? = nil, constants: Columns? = nil, templates: NamedTexts? = nil,
      defaults: Columns? = nil,
      types: [String: CellType]? = nil
    ) {
      self.paths = paths
      self.constants = constants
      self.templates = templates
      self.defaults = defaults
      self.types = types
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "derive"
  package static let version = 1
  package static let isForeseeable = true
  package static let numberedKeys: Set = ["constants"]
  package static let summary =
    "Make columns from templates, from places inside other columns and from constants; cast columns and fill what is "
    + "missing."
  package static let keys = [
    "paths":
      "New column to where its value is: a column, then fields of objects and positions in lists from 0, as "
      + "meta.source.0; null where there is nothing.",
    "constants":
      "New column to the value that it has in every row; inside rounds '{round}' is the number of the round.",
    "templates":
      "New column to its text, a template as of prompts; a row without a value that one asks for is dropped as "
      + "'no value', unless defaults: has one for the column.",
    "defaults": "Column to the value that it has where a row has none, or null; the row's own or a new one.",
    "types":
      "Column to text, integer, number, boolean, list or object: what its values are read as, as by readers; a row "
      + "with one that is none is dropped as 'cast failed'. The row's own or a new one.",
  ]
  package static let plots = PlottedColumns.speakingOfRewards

  private struct Template: Sendable {
    let column: String
    let prompt: Prompt
  }

  private let paths: [(column: String, steps: [String])]
  private let constants: JSON.Object
  private let templates: [Template]
  /// The row's own columns that are cast or filled.
  private let own: [String]
  private let filled: [String]
  private let rules: (own: CellRules, found: CellRules, written: CellRules)
  private let defaults: JSON.Object

  package init(_ config: Config, in workspace: Workspace) throws {
    paths = try (config.paths?.values ?? [:]).map { ($0, try Self.steps($1, of: $0)) }
    constants = config.constants?.values ?? [:]
    templates = try (config.templates?.values ?? [:]).map {
      Template(column: $0, prompt: try Self.prompt($1, of: $0))
    }
    let found = paths.map(\.column) + constants.keys
    let made = found + templates.map(\.column)
    let twice = made.indices.first { made[..<$0].contains(made[$0]) }.map { made[$0] }
    if let twice {
      throw StageError(
        "expected each new column under one of paths:, constants: and templates:, found '\(twice)' under two of them"
      )
    }
    let (types, defaults) = (config.types ?? [:], config.defaults?.values ?? [:])
    own = (Array(defaults.keys) + types.keys.filter { defaults[$0] == nil }.sorted()).filter {
      !made.contains($0)
    }
    filled = defaults.keys.filter { !made.contains($0) }
    self.defaults = defaults
    guard !made.isEmpty || !own.isEmpty else {
      throw StageError(
        "expected at least one of paths:, constants:, templates:, defaults: and types:, found none")
    }
    func rules(_ columns: [String]) throws -> CellRules {
      try CellRules(
        defaults: Columns(defaults.filter { columns.contains($0.key) }),
        types: types.filter { columns.contains($0.key) })
    }
    self.rules = (try rules(own), try rules(found), try rules(templates.map(\.column)))
  }

  package var reads: [ColumnUse] {
    let made = Set(paths.map(\.column) + constants.keys + filled)
    let asked = templates.flatMap { template in
      template.prompt.reads.filter { !made.contains($0.name) }.map {
        defaults[template.column] == nil ? $0 : ColumnUse(sectionOn: $0.name)
      }
    }
    let looked =
      paths.map { ColumnUse(sectionOn: $0.steps[0]) }
      + own.filter { !filled.contains($0) }.map { ColumnUse(sectionOn: $0) }
    return (asked + looked).reduce(into: []) { $0 = ColumnUse.joined($0, [$1]) }
  }

  package var adds: [String]? { paths.map(\.column) + constants.keys + templates.map(\.column) + filled }
  package var passed: PassedColumns { own.isEmpty ? .all : .changing(own) }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    do {
      return .emit([Columns(try columns(of: input.values))])
    } catch let bad as BadRow {
      return .drop(reason: bad.reason, detail: bad.detail)
    }
  }

  private func columns(of row: JSON.Object) throws -> JSON.Object {
    let row = own.isEmpty ? row : try rules.own.apply(to: row)
    var added: JSON.Object = [:]
    if !paths.isEmpty || !constants.isEmpty {
      for (column, steps) in paths { added[column] = Self.value(at: steps, of: row) }
      added.merge(constants) { _, new in new }
      added = try rules.found.apply(to: added)
    }
    if !templates.isEmpty {
      let values = added.isEmpty ? row : row.merging(added) { _, new in new }
      var written: JSON.Object = [:]
      for template in templates { written[template.column] = try text(of: template, values) }
      added.merge(try rules.written.apply(to: written)) { _, new in new }
    }
    for column in own { added[column] = row[column] }
    return added
  }

  /// Null where the row lacks a value and the column has a default.
  private func text(of template: Template, _ row: JSON.Object) throws -> JSON {
    do { return .string(try template.prompt.render(row)) } catch let error as PromptError {
      guard let missing = error.missing else { throw error }
      if defaults[template.column] != nil { return .null }
      throw BadRow("no value: \(missing)", "the template of '\(template.column)': \(error.message)")
    }
  }

  private static func value(at steps: [String], of row: JSON.Object) -> JSON {
    steps.dropFirst().reduce(row[steps[0]] ?? .null) { value, step in
      switch value {
      case .object(let fields): return fields[step] ?? .null
      case .array(let elements):
        guard let index = Int(step), elements.indices.contains(index) else { return .null }
        return elements[index]
      default: return .null
      }
    }
  }

  private static func steps(_ path: String, of column: String) throws -> [String] {
    let steps = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard !steps.contains("") else {
      throw StageError(
        "paths: expected names and positions between dots, as meta.source.0, found '\(path)'",
        at: ["paths", column])
    }
    return steps
  }

  private static func prompt(_ text: String, of column: String) throws -> Prompt {
    do { return try Prompt(text: text) } catch let error as PromptError {
      throw StageError(
        "templates: \(error.message) (line \(error.line), column \(error.column) of the template)",
        at: ["templates", column])
    }
  }
}
