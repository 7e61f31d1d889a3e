internal import RetortCore

extension Pipeline {
  /// What it means where a stage took rows and made none, by its name, as far as kinds say.
  package var makesNone: [String: String] {
    Dictionary(
      uniqueKeysWithValues: stages.compactMap { stage in stage.entry.makesNoneWhere.map { (stage.name, $0) } }
    )
  }
}
