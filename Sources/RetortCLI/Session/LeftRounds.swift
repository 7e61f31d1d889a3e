internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStore

/// What rounds left that a file no longer has, since its `max` was lowered.
enum LeftRounds {
  /// A line for each file that an export wrote in such a round and that is still there.
  static func files(of pipeline: Pipeline, in inspector: Inspector) async throws -> [String] {
    let exports = pipeline.stages.filter { $0.entry.exports && $0.round != nil }
    guard !exports.isEmpty else { return [] }
    var lines: [String] = []
    for name in try await inspector.allStageNames() {
      guard let round = RoundName(name), pipeline[name] == nil,
        let here = exports.last(where: { $0.round?.label == round.label })?.round,
        let run = try await inspector.runs(withStage: name).first(where: { $0.pipeline == pipeline.name })?
          .run,
        let stage = try await inspector.stages(of: run).first(where: { $0.name == name })
      else { continue }
      for path in try await inspector.texts("path", of: stage.ordinal, run: run).compactMap({ $0 })
      where FileManager.default.fileExists(atPath: URL(filePath: path, relativeTo: pipeline.folder).path) {
        lines.append(
          Terminal.safe(
            "\(name): \(here.block) has \(here.number) round\(here.number == 1 ? "" : "s") now, so \(path) is still that of run \(run)"
          ))
      }
    }
    return lines
  }
}
