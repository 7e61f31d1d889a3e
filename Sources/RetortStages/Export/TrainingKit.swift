internal import OrderedCollections
internal import RetortCore

/// The files beside training sets that let a trainer start without more ado: a dataset card, LLaMA-Factory's index, and
/// recipes.
struct TrainingKit: Sendable {
  typealias Text = (path: String, text: String)

  let title: String
  let about: [String]
  let task: String
  let shapes: [TrainingShape]
  var recipes: TrainingRecipes?
  /// Stems of the shapes that the card counts and lists; all when nil.
  var listed: [String]?
  /// What the card says of the sets after ``about``.
  let body: @Sendable (_ listed: [(shape: TrainingShape, splits: [TrainingSplit])]) -> [String]

  /// Path inside the folder and content, in a fixed order. `splits`: those that have rows; files exist for these alone.
  func texts(_ splits: [TrainingSplit]) -> [Text] {
    [("README.md", card(splits))] + index(splits) + (recipes?.texts(splits) ?? [])
  }

  private func card(_ splits: [TrainingSplit]) -> String {
    let sets = shapes.filter { listed?.contains($0.stem) ?? true }.map { shape in
      (shape: shape, splits: splits.filter { $0.stem == shape.stem })
    }.filter { !$0.splits.isEmpty }
    return DatasetCard(
      task: task,
      subsets: sets.map { set in
        .init(name: set.shape.name, splits: set.splits.map { ($0.name, $0.path) })
      },
      rows: sets.flatMap(\.splits).reduce(0) { $0 + $1.rows },
      body: ["# \(title)", ""] + about + [""] + body(sets)
        + ["`manifest.json` lists every file with its rows and SHA-256."]
    ).text
  }

  private func index(_ splits: [TrainingSplit]) -> [Text] {
    var index = LlamaFactoryIndex()
    let read = shapes.filter { $0.llamaFactory != nil }
    for shape in read {
      for split in splits where split.stem == shape.stem {
        index.add(
          "\(shape.indexed)_\(split.name)", file: split.path, columns: shape.llamaFactory ?? [:],
          ranking: shape.llamaFactory?["chosen"] != nil)
      }
    }
    return read.isEmpty ? [] : [("dataset_info.json", index.text)]
  }
}

extension TrainingKit {
  /// For sets of which every file has all rows.
  init(
    title: String, about: [String], task: String, shapes: [TrainingShape], recipes: TrainingRecipes? = nil
  ) {
    self.init(
      title: title, about: about, task: task, shapes: shapes, recipes: recipes
    ) { sets in
      ["| split | rows |", "| --- | --- |"]
        + (sets.first?.splits ?? []).map { "| \($0.name) | \($0.rows) |" }
        + ["", "Every file has all rows, each in the shape of one trainer:", ""]
        + shapes.map { "- `\($0.stem)-*.jsonl`: \($0.usage)" } + [""]
    }
  }
}
