internal import OrderedCollections
internal import RetortCore

/// What is known of the files of one shape without their examples.
struct TrainingShape: Hashable, Sendable {
  /// The files are `STEM-train.jsonl` and `STEM-validation.jsonl`.
  let stem: String
  /// What the card calls it.
  let name: String
  /// What LLaMA-Factory's index calls it, the split after it.
  let indexed: String
  /// Which trainers read it, and how: a line of the card.
  let usage: String
  /// Columns of LLaMA-Factory's index; nil where it does not read the shape.
  let llamaFactory: JSON.Object?

  /// `name`: the stem when left out.
  init(stem: String, name: String? = nil, usage: String = "", llamaFactory: JSON.Object? = nil) {
    self.stem = stem
    self.name = name ?? stem
    indexed = name ?? stem.replacing("-", with: "_")
    self.usage = usage
    self.llamaFactory = llamaFactory
  }
}

/// The lines of a shape for training, or for validation.
struct TrainingSplit: Hashable, Sendable {
  let stem: String
  /// `train` or `validation`.
  let name: String
  let rows: Int

  /// Relative to the export's folder.
  var path: String { "\(stem)-\(name).jsonl" }
}
