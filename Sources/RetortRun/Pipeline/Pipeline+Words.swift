internal import RetortCore

extension Pipeline {
  /// The names of the stages that make rows of files, or of nothing.
  package var readers: Set<String> { Set(stages.filter(\.entry.isReader).map(\.name)) }

  /// What it means where a stage took rows and made none, by its name, as far as kinds say.
  package var makesNone: [String: String] {
    Dictionary(
      uniqueKeysWithValues: stages.compactMap { stage in stage.entry.makesNoneWhere.map { (stage.name, $0) } }
    )
  }
}
