internal import ArgumentParser
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// The flags of a run, as they are recorded with it so that `retort resume` keeps them.
struct Flags: Codable {
  var limit: Int?
  var sample: Int?
  /// Of `sample`.
  var seed: Int?
  var only: String?
  var redo: [String]
  /// Nil where none was named, and in runs of versions that did not know it.
  var redoTools: [String]?
  var set: [String]
  var maxUSD: Double?
  var maxTokens: Int?
  /// Nil in runs of versions that did not know it.
  var retryRefused: Bool?
  /// The environment variables that the file named; nil where it named none, and in runs of versions that noted none.
  var variables: [FileVariable]?
  /// Those of `set` that were recorded without the keys in them.
  var withheld: [String]?

  /// Without the keys in its settings.
  func recorded(without keys: Redaction) -> Flags {
    var flags = self
    flags.set = set.map { KeyShape.hidden(setting: keys.words($0)) }
    let changed = zip(set, flags.set).filter { $0 != $1 }.map(\.1)
    flags.withheld = changed.isEmpty ? nil : changed
    return flags
  }
}

extension Flags {
  private enum CodingKeys: String, CodingKey {
    case limit, sample, seed, only, redo, redoTools, set, maxUSD, maxTokens, retryRefused, variables, withheld
  }

  /// Keys that came later are left out where they are not set, so that what is recorded of a run without them stays the
  /// same.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(limit, forKey: .limit)
    if let sample { try container.encode(sample, forKey: .sample) }
    if let seed { try container.encode(seed, forKey: .seed) }
    try container.encodeIfPresent(only, forKey: .only)
    try container.encode(redo, forKey: .redo)
    if let redoTools { try container.encode(redoTools, forKey: .redoTools) }
    try container.encode(set, forKey: .set)
    try container.encodeIfPresent(maxUSD, forKey: .maxUSD)
    try container.encodeIfPresent(maxTokens, forKey: .maxTokens)
    try container.encodeIfPresent(retryRefused, forKey: .retryRefused)
    if let variables { try container.encode(variables, forKey: .variables) }
    try container.encodeIfPresent(withheld, forKey: .withheld)
  }

  /// Which rows of the sources go on.
  var selection: Selection {
    if let limit { return .first(limit) }
    return sample.map { .sample($0, seed: seed ?? 0) } ?? .all
  }

  /// Those of a run. Errors: ``CommandFailure`` where the store holds what no command line gives.
  init(of run: RecordedRun) throws {
    do {
      self = try run.flags.decode(Flags.self)
      try checkSelection(limit: limit, sample: sample, seed: seed)
      try checkBudget(maxUSD, maxTokens)
    } catch {
      throw CommandFailure.cannotRun(
        "expected the flags of run \(run.id) in the store, found others (\(error))")
    }
  }
}

struct RunFlags: ParsableArguments {
  @Option(
    name: .long,
    help:
      "Take the first rows of each source that exports descend from by from:, and write exports as .limited."
  )
  var limit: Int?
  @Option(name: .long, help: "As --limit, but take so many rows by chance.")
  var sample: Int?
  @Option(name: .long, help: "Chooses another sample; 0 when left out.")
  var seed: Int?
  @Option(name: .long, help: "Run this stage and its missing ancestors.")
  var only: String?
  @Option(name: .long, help: "Make this stage's steps and replies afresh.")
  var redo: [String] = []
  @Option(name: .long, help: "Ask this tool anew; what it answered before counts no more.")
  var redoTool: [String] = []
  @Option(name: .long, help: "Set a key of the file: stages.rationale.with.samples=8.")
  var set: [String] = []
  @Option(name: .long, help: "Stop before the run and its resumes have cost more than this many USD.")
  var maxUsd: Double?
  @Option(name: .long, help: "Stop before the run and its resumes have used more than this many tokens.")
  var maxTokens: Int?
  @Flag(name: .long, help: "Ask again for what an endpoint refused for good; else it is passed over.")
  var retryRefused = false

  var values: Flags {
    Flags(
      limit: limit, sample: sample, seed: seed, only: only, redo: redo,
      redoTools: redoTool.isEmpty ? nil : redoTool, set: set, maxUSD: maxUsd,
      maxTokens: maxTokens,
      retryRefused: retryRefused ? true : nil)
  }

  func validate() throws {
    try checkSelection(limit: limit, sample: sample, seed: seed)
    if let pilot = limit.map({ _ in "--limit" }) ?? sample.map({ _ in "--sample" }), !redo.isEmpty {
      throw ValidationError(
        "expected --redo without \(pilot), since redoing a stage gives up the answers of all its rows, and those beyond "
          + "the \(limit == nil ? "sample" : "limit") would be asked for again later")
    }
    try checkBudget(maxUsd, maxTokens)
  }
}

func checkSelection(limit: Int?, sample: Int?, seed: Int?) throws {
  if let limit, limit < 1 { throw ValidationError("expected --limit of at least 1, found \(limit)") }
  if let sample, sample < 1 { throw ValidationError("expected --sample of at least 1, found \(sample)") }
  if limit != nil, sample != nil {
    throw ValidationError(
      "expected --limit or --sample, found both: one takes the first rows, the other takes rows by chance")
  }
  if seed != nil, sample == nil { throw ValidationError("expected --sample with --seed, found none") }
}

func checkBudget(_ usd: Double?, _ tokens: Int?) throws {
  // Written so that it refuses NaN, which is over no budget.
  if let usd, !(usd >= 0) { throw ValidationError("expected --max-usd of at least 0, found \(usd)") }
  if let tokens, tokens < 0 { throw ValidationError("expected --max-tokens of at least 0, found \(tokens)") }
}
