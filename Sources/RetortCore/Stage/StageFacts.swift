/// What steps of a stage ask of models, as its kind tells from the configuration: what a plan counts on where nothing has
/// been measured.
package struct Workload: Sendable {
  /// Samples drawn of a row: at most as many rows come out of it.
  package var samples: Int
  /// Calls of one model in a step, from the least to the most; `rows` is how many a set has, 1 for a row.
  package var calls: @Sendable (_ rows: Double) -> ClosedRange<Double>
  /// The text of the prompt, where the pipeline has one.
  package var prompt: String?
  /// Most tokens of a reply; nil where nothing bounds it.
  package var maxTokens: Int?
  /// Keys under `with:` that say how many calls a step makes: what was measured under another value does not tell.
  package var countKeys: Set<String>
  /// Whether every row goes on, but for what the file could not make of it.
  package var keepsRows: Bool

  /// - Parameter repairs: how often each of them may be asked for again.
  package init(
    samples: Int? = nil, repairs: Int = 1, prompt: String? = nil, maxTokens: Int? = nil,
    countKeys: Set<String> = [], keepsRows: Bool = false
  ) {
    let samples = max(1, samples ?? 1)
    let most = Double(samples) * Double(1 + min(100, max(0, repairs)))
    self.init(
      prompt: prompt, maxTokens: maxTokens, countKeys: countKeys, keepsRows: keepsRows
    ) { _ in Double(samples)...most }
    self.samples = samples
  }

  /// For a set, or for steps whose number of calls is no matter of samples.
  package init(
    prompt: String? = nil, maxTokens: Int? = nil, countKeys: Set<String> = [], keepsRows: Bool = false,
    calls: @escaping @Sendable (_ rows: Double) -> ClosedRange<Double>
  ) {
    samples = 1
    self.calls = calls
    self.prompt = prompt
    self.maxTokens = maxTokens
    self.countKeys = countKeys
    self.keepsRows = keepsRows
  }
}

extension SetStage {
  /// A call for each row; kinds that ask models otherwise say how.
  package static func workload(of config: Config) -> Workload { Workload { max(1, $0)...max(1, $0) } }
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
