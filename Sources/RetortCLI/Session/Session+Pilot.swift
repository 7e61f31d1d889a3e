internal import RetortRun
internal import RetortStore

extension Session {
  /// Says what of a pilot the whole run cannot use, and when it is none.
  static func tellPilot(_ flags: Flags, _ pipeline: Pipeline, in shell: Shell) {
    guard flags.selection.cuts else { return }
    let flag = flags.limit == nil ? "--sample" : "--limit"
    let needed = flags.only.map { pipeline.ancestry(of: $0) }
    let cut = pipeline.cutSources.filter { needed?.contains($0.name) ?? true }
    if cut.isEmpty {
      shell.terminal.complain("\(flag) cuts no source here: none leads to an export by from: alone")
    }
    for source in cut {
      let sets = source.sets.filter { needed?.contains($0) ?? true }
      guard !sets.isEmpty else { continue }
      shell.terminal.complain(
        "\(flag) cuts \(source.name), which also reaches exports through using: (\(sets.joined(separator: ", "))): "
          + "the whole run makes these sets, and what uses them, anew")
    }
  }
}
