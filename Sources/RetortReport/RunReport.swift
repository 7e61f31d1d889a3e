internal import OrderedCollections
package import RetortCore
package import RetortRun
package import RetortStore

/// What there is to show others of a run: read from the store once, turned into a page by pure functions.
package struct RunReport: Hashable, Sendable {
  package struct Stage: Hashable, Sendable {
    package var name: String
    package var kind: String
    package var version: Int
    /// The digest of kind, version and configuration; nil when the run did not come to it.
    package var fingerprint: String?
    package var from: [String]
    package var using: [String]
    package var books: Books
    /// What it means where it took rows and made none; nil where its kind does not say.
    package var makesNoneWhere: String?
  }

  /// The numbers that a stage gave its rows, row by row.
  package struct Rewards: Hashable, Sendable {
    package struct Column: Hashable, Sendable {
      package var plot: PlottedColumn
      /// Nil where a row has no number.
      package var values: [Double?]
      package var name: String { plot.name }

      package init(_ plot: PlottedColumn, values: [Double?]) {
        self.plot = plot
        self.values = values
      }
    }
    package var stage: String
    /// Of the numbers; empty for none.
    package var unit: String
    package var columns: [Column]
    /// Whether something made of the row came to an export, or to the end where there is none.
    package var kept: [Bool]
    /// Characters of the text that was judged; empty when it is not known which.
    package var lengths: [Double?]
    package var text: String
    /// The group of each row, its column `length` and whether a verifier found it right; empty where the rows have no
    /// such columns.
    package var groups: [String?] = []
    package var tokens: [Double?] = []
    package var correct: [Bool?] = []
  }

  /// What a stage made, as its kind draws it.
  package struct Drawn: Hashable, Sendable {
    package var stage: String
    package var pictures: [Picture]
    /// Rows that were drawn, of those that there are.
    package var rows: Int
    package var total: Int
  }

  /// What a fitted reward head was found to be worth, on pairs that it had not seen.
  package struct Head: Hashable, Sendable {
    package var stage: String
    package var heldOut: HeadReport
    /// The same of a head without deviations.
    package var bradleyTerry: HeadReport
  }

  /// What the rows of a stage took of one model, whichever run paid for it.
  package struct Calls: Hashable, Sendable {
    package var stage: String
    package var model: String
    package var tally = CallTally()
    /// More than the calls where some were tried again.
    package var attempts = 0
    /// How long each call took.
    package var seconds: [Double] = []
  }

  package struct Sample: Hashable, Sendable {
    package var stage: String
    package var row: String
    package var source: String
    package var reason: String
    package var columns: JSON.Object
  }

  package struct Export: Hashable, Sendable {
    package var stage: String
    package var path: String
    package var rows: Int
    package var sha256: String
  }

  package var run: Int64
  package var pipeline: String
  /// The file's name, without its folder.
  package var file: String
  package var status: String
  /// UTC.
  package var started: String
  package var seconds: Double?
  package var flags: JSON
  /// The pipeline file as it was read; nil in old stores.
  package var resolved: JSON?
  package var stages: [Stage]
  package var drops: [Losses]
  package var rewards: [Rewards]
  package var heads: [Head] = []
  package var drawn: [Drawn] = []
  package var tools: [ToolTally] = []
  package var calls: [Calls]
  /// Tries of this run's calls that came to nothing.
  package var failedTries: Int
  /// When each reply came: seconds of work, the pauses between runs left out. In order.
  package var arrivals: [Double]
  package var kept: [Sample]
  package var dropped: [Sample]
  package var exports: [Export]

  /// The environment variables that the file named when it was read; empty in old stores.
  package var variables: [FileVariable] {
    flags["variables"].flatMap { try? $0.decode([FileVariable].self) } ?? []
  }

  /// The variables that hold the keys of its models: those that were named, never their values.
  package var keyVariables: [String] {
    let models = resolved?["models"]?.object?.values.elements ?? []
    let named = models.flatMap { model in
      [model["api_key_env"]?.string].compactMap { $0 }
        + (model["headers_env"]?.object?.values.compactMap(\.string) ?? [])
    }
    return OrderedSet(named + variables.filter { $0.value == nil }.map(\.name)).sorted()
  }

  /// How to make the run again: the variables that were set, the command and its flags.
  package var command: String {
    var words = variables.filter(\.set).compactMap { variable in
      variable.value.map { "\(variable.name)=\(ShellWord($0))" }
    }
    words.append("retort run \(ShellWord(file))")
    for (flag, name) in [
      ("limit", "--limit"), ("sample", "--sample"), ("seed", "--seed"), ("only", "--only"),
    ] {
      if let value = flags[flag], value != .null {
        words.append("\(name) \(ShellWord(value.string ?? value.text))")
      }
    }
    for (flag, name) in [("redo", "--redo"), ("redoTools", "--redo-tool"), ("set", "--set")] {
      for value in flags[flag]?.array ?? [] {
        words.append("\(name) \(ShellWord(value.string ?? value.text))")
      }
    }
    for (flag, name) in [("maxUSD", "--max-usd"), ("maxTokens", "--max-tokens")] {
      if let value = flags[flag], value != .null { words.append("\(name) \(ShellWord(value.text))") }
    }
    if flags["retryRefused"] == true { words.append("--retry-refused") }
    return words.joined(separator: " ")
  }
}
