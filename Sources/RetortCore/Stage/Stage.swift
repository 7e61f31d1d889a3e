/// What all kinds of stages have in common: a name, a version, a configuration, the columns they add, and what they say
/// about themselves.
///
/// A kind is one file with its configuration, its messages and its behaviour, and a line in the list of kinds. It is a
/// ``Reader``, a ``RowStage``, a ``SetStage`` or an ``Exporter``.
package protocol StageKind: Sendable {
  /// The keys allowed under `with:`. What it encodes to is part of every step's key, so files encode as their
  /// content (``PromptFile``, ``DataFile``) and models as their name (``ModelRef``).
  associatedtype Config: Codable & Sendable
  /// The columns it adds. Decodable too, so that its properties can be found without a value.
  associatedtype Output: Codable & Sendable

  /// What a pipeline file writes after `uses:`.
  static var name: String { get }
  /// Raise it when the same input should give another output.
  static var version: Int { get }
  /// One sentence, in the imperative: what the stage does.
  static var summary: String { get }
  /// One sentence for each key of ``Config``: meaning, unit, default.
  static var keys: [String: String] { get }
  /// Keys of ``Config`` that came after its first release: unset, they are no part of a step's key, so that the steps
  /// of older files stay done.
  static var laterKeys: Set<String> { get }
  /// Keys of ``Config`` in whose texts `{round}` stands for the number of the stage's round, as it does where an export
  /// says where it writes.
  static var numberedKeys: Set<String> { get }
  /// The whole-set inputs it takes under `using:`.
  static var sets: [SetRole] { get }
  /// Whether another draw of the same request is another answer: what is redone, or done in a further round, asks anew.
  static var drawsSamples: Bool { get }
  /// Whether a plan may perform its steps where they name no model: what comes out follows from the input alone, asks
  /// nobody, starts nothing and is quick. A reader is read unless it says otherwise.
  static var isForeseeable: Bool { get }
  /// Whether its rows name files (`path`, with `sha256`) that must be on disk as it left them for the step to be done.
  static var keepsFiles: Bool { get }
  /// Which of its columns a report plots.
  static var plots: PlottedColumns { get }
  /// The pictures that a report shows of its rows, beside those of ``plots``; nil for none.
  ///
  /// - Parameter config: as it was recorded with the run; null in old stores.
  static func drawing(_ config: JSON) -> Drawing?
  /// What it means where it took rows and made none of them, without dropping any; nil where it cannot be.
  static var makesNoneWhere: String? { get }
  /// Where its rows say what a fitted reward head is worth; nil where they do not.
  static var heads: HeadColumns? { get }
  /// What its steps ask of models, as far as the configuration tells.
  static func workload(of config: Config) -> Workload
  /// The configuration with what its key has of content that the files under `with:` name in their turn. What cannot be
  /// looked at yet is told of when the stage is performed.
  static func resolved(_ config: Config) -> Config
  /// Its steps that are on their way at once, where it calls no model; nil for as many as there are cores.
  static func inFlight(of config: Config) -> Int?

  /// Checks what the configuration's types cannot; no model is called and no row is read here.
  init(_ config: Config, in workspace: Workspace) throws

  /// The columns it adds; by default the properties of ``Output``. Nil when only a run can tell (a reader).
  var adds: [String]? { get }

  /// Its whole-set inputs with the columns that it reads of them, as its configuration says; by default those of its kind.
  var sets: [SetRole] { get }
  /// Whether its rows may have columns beside those that it adds for certain: a source's own.
  var addsMore: Bool { get }
}

extension StageKind {
  package static var laterKeys: Set<String> { [] }
  package static var numberedKeys: Set<String> { [] }
  package static func resolved(_ config: Config) -> Config { config }
  package static var sets: [SetRole] { [] }
  package static var drawsSamples: Bool { false }
  package static var isForeseeable: Bool { false }
  package static var keepsFiles: Bool { false }
  package static var plots: PlottedColumns { .none }
  package static func drawing(_ config: JSON) -> Drawing? { nil }
  package static var makesNoneWhere: String? { nil }
  package static var heads: HeadColumns? { nil }
  package static func workload(of config: Config) -> Workload { Workload() }
  package static func inFlight(of config: Config) -> Int? { nil }
  package var adds: [String]? { ColumnUse.properties(of: Output.self).map(\.name) }
  package var sets: [SetRole] { Self.sets }
  package var addsMore: Bool { false }
}

/// A kind that takes rows: all but readers.
package protocol RowTaking: StageKind {
  /// The columns it reads.
  associatedtype Input: Decodable & Sendable

  /// The columns it reads; by default the properties of ``Input``.
  var reads: [ColumnUse] { get }
  /// What becomes of the columns of its input rows, where its rows are not new ones; by default all go on as they are.
  var passed: PassedColumns { get }
}

extension RowTaking {
  package var reads: [ColumnUse] { ColumnUse.properties(of: Input.self) }
  package var passed: PassedColumns { .all }
}

/// A stage that takes one row at a time.
package protocol RowStage: RowTaking {
  /// What becomes of one row. A thrown error fails the row: it is recorded, and the row is tried again on resume.
  func process(_ input: Input) async throws -> Outcome<Output>
}

/// What becomes of an input row.
package enum Outcome<Output: Sendable>: Sendable {
  /// The row goes on, once for each element, with the element's columns added.
  case emit([Output])
  /// The row ends here. `reason` is a short fixed phrase to count by; `detail` says what this row did.
  case drop(reason: String, detail: String = "")
  /// The row goes on once for each sample that is of use, at least one; the others are left out, each with a reason.
  case samples([Sampled<Output>])

  /// What becomes of a row of which several samples were drawn. A row without one of use ends here, for the first
  /// one's reason.
  package init(_ samples: [Sampled<Output>]) {
    let outputs = samples.compactMap { if case .output(let output) = $0 { output } else { nil } }
    if outputs.count == samples.count {
      self = .emit(outputs)
    } else if outputs.isEmpty, case .leftOut(let reason, let detail)? = samples.first {
      self = .drop(
        reason: reason,
        detail: samples.count == 1 ? detail : "\(samples.count) sampled, none of use; the first: \(detail)")
    } else {
      self = .samples(samples)
    }
  }

  package func map<Other>(_ transform: (Output) throws -> Other) rethrows -> Outcome<Other> {
    switch self {
    case .emit(let outputs): .emit(try outputs.map(transform))
    case .drop(let reason, let detail): .drop(reason: reason, detail: detail)
    case .samples(let samples):
      .samples(
        try samples.map {
          switch $0 {
          case .output(let output): .output(try transform(output))
          case .leftOut(let reason, let detail): .leftOut(reason: reason, detail: detail)
          }
        })
    }
  }
}

extension Outcome: Equatable where Output: Equatable {}
extension Sampled: Equatable where Output: Equatable {}

/// What became of one sample of a row.
package enum Sampled<Output: Sendable>: Sendable {
  case output(Output)
  /// `reason` and `detail` as for a row that ends.
  case leftOut(reason: String, detail: String = "")
}

/// A column that a stage reads.
package struct ColumnUse: Hashable, Sendable {
  package let name: String
  package let required: Bool
  /// Whether the file names it though it is not required: some row must be able to have it.
  package let isNamed: Bool
  /// Names that a template asks for inside a section on it.
  package let inside: [String]
  /// Columns any of which a row may have in its place.
  package let others: [String]

  package init(_ name: String, required: Bool = true) {
    self.init(name, required: required, isNamed: required)
  }

  /// A column that a row must have, or one of others in its place.
  package init(_ name: String, or others: [String]) {
    self.init(name, required: true, isNamed: true, others: others)
  }

  /// A column that the file names and rows may lack, as one on which a template has sections alone.
  package init(sectionOn name: String) { self.init(name, required: false, isNamed: true) }

  init(
    _ name: String, required: Bool, isNamed: Bool, inside: [String] = [], others: [String] = []
  ) {
    self.name = name
    self.required = required
    self.isNamed = isNamed
    self.inside = inside
    self.others = others
  }

  /// Those of several templates: each name once, required where one of them requires it.
  package static func joined(_ first: [ColumnUse], _ second: [ColumnUse]) -> [ColumnUse] {
    first.map { use in second.first { $0.name == use.name && $0.required } ?? use }
      + second.filter { use in !first.contains { $0.name == use.name } }
  }

  /// The coding keys that decoding or encoding `type` asks for; optionals are not required.
  package static func properties<T>(of type: T.Type) -> [ColumnUse] { ShapeProbe.properties(of: type) }
}

/// A whole-set input named under `using:`.
package struct SetRole: Hashable, Sendable {
  package let name: String
  package let required: Bool
  package let columns: [String]
  package let help: String

  package init(_ name: String, required: Bool = true, columns: [String] = [], help: String) {
    self.name = name
    self.required = required
    self.columns = columns
    self.help = help
  }
}

/// For stages that read no column or add none.
package struct NoColumns: Codable, Hashable, Sendable { package init() {} }
