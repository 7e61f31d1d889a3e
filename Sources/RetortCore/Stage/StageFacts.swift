/// What steps of a stage ask of models, as its kind tells from the configuration: what a plan counts on where nothing has
/// been measured.
package struct Workload: Sendable {
  /// Samples drawn of a row: at most as many rows come out of it.
  package var samples: Int
  /// Calls of one model in a step, from the least to the most; `rows` is the most that a set may have.
  package var calls: @Sendable (_ rows: Double) -> ClosedRange<Double>
  /// The text of the prompt, where the pipeline has one.
  package var prompt: String?
  /// Most tokens of a reply; nil where nothing bounds it.
  package var maxTokens: Int?
  /// Keys under `with:` that say how many calls a step makes: what was measured under another value does not tell.
  package var countKeys: Set<String>

  /// One call for each sample of a row, and at most one repair of each.
  package init(
    samples: Int? = nil, prompt: String? = nil, maxTokens: Int? = nil, countKeys: Set<String> = []
  ) {
    let samples = max(1, samples ?? 1)
    self.samples = samples
    calls = { _ in Double(samples)...2 * Double(samples) }
    self.prompt = prompt
    self.maxTokens = maxTokens
    self.countKeys = countKeys
  }

  /// For a set: so many texts are written, each is compared with each other one and tried on the rows.
  package init(
    candidates: Int, prompt: String? = nil, maxTokens: Int? = nil, countKeys: Set<String> = []
  ) {
    self.init(prompt: prompt, maxTokens: maxTokens, countKeys: countKeys)
    let candidates = Double(max(1, candidates))
    calls = { rows in 1...(candidates + candidates * candidates + candidates * rows) }
  }

}

extension SetStage {
  package static func workload(of config: Config) -> Workload { Workload(candidates: 5) }
}

/// Which of a kind's columns a report plots.
package enum PlottedColumns: Hashable, Sendable {
  case none
  /// Of the names that the kind gives them; a pipeline may rename them.
  case own([PlottedColumn])
  /// Those whose names speak of rewards, where the pipeline or its data name the columns.
  case speakingOfRewards

  /// The plots of a stage that added `columns`; `renames` are from the kind's own name to the one in the rows.
  package func of(_ columns: [String], renames: [String: String] = [:]) -> [PlottedColumn] {
    switch self {
    case .none: []
    case .own(let own):
      columns.compactMap { name in own.first { renames[$0.name] ?? $0.name == name }?.named(name) }
    case .speakingOfRewards:
      columns.filter { $0.contains(/reward|advantage|score/) }.map {
        PlottedColumn($0, comparesGroup: $0.hasSuffix("advantage"))
      }
    }
  }
}

/// A column of numbers that is worth a plot.
package struct PlottedColumn: Hashable, Sendable {
  /// A plot that shows several columns which speak of one thing: others would be pressed into one bin by another scale.
  package struct Shared: Hashable, Sendable {
    package let title: String
    package let axis: String

    package init(_ title: String, axis: String) {
      self.title = title
      self.axis = axis
    }
  }

  package private(set) var name: String
  /// Of the numbers; empty for none.
  package let unit: String
  /// Whether it says how a row stands among the others of its group, and nothing of the row alone.
  package let comparesGroup: Bool
  package let shared: Shared?
  /// What it is called beside the others of a plot that it shares; nil for its name.
  package let legend: String?

  package init(
    _ name: String, unit: String = "", comparesGroup: Bool = false, in shared: Shared? = nil,
    legend: String? = nil
  ) {
    self.name = name
    self.unit = unit
    self.comparesGroup = comparesGroup
    self.shared = shared
    self.legend = legend
  }

  fileprivate func named(_ name: String) -> PlottedColumn {
    var column = self
    column.name = name
    return column
  }
}

/// Columns that several kinds write and read under one name, so that rows can be shown beside each other.
package enum SharedColumns {
  /// What a row is compared with: the rollouts of one question.
  package static let group = "group"
  /// Tokens of a response.
  package static let length = "length"
  /// Whether a verifier found a response right.
  package static let correct = "correct"
  /// The known answer of a row.
  package static let known: Set = ["answer", "reference"]
  /// What a prompt shows before the question.
  package static let demonstrations = "demonstrations"
  /// The texts that are judged, the likeliest first.
  package static let judged = ["cot", "response", "completion", "reply", "text"]
}
