internal import RetortCore

/// The README of a dataset folder, whose head says which files make up which set.
struct DatasetCard {
  struct Subset {
    let name: String
    /// Only those that have rows: loaders refuse a split without.
    let splits: [(name: String, path: String)]
  }

  let task: String
  let subsets: [Subset]
  /// Of all files.
  let rows: Int
  let body: [String]

  var text: String {
    var lines = ["---", "task_categories: [\(task)]", "size_categories: [\"\(size)\"]", "configs:"]
    for (index, subset) in subsets.enumerated() {
      lines.append("- config_name: \(subset.name)")
      if index == 0 { lines.append("  default: true") }
      lines.append("  data_files:")
      lines += subset.splits.map { "  - {split: \($0.name), path: \($0.path)}" }
    }
    return (lines + ["---", ""] + body).joined(separator: "\n") + "\n"
  }

  private var size: String {
    switch rows {
    case ..<1_000: "n<1K"
    case ..<10_000: "1K<n<10K"
    case ..<100_000: "10K<n<100K"
    case ..<1_000_000: "100K<n<1M"
    default: "1M<n<10M"
    }
  }
}
