import Foundation
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStore
@testable import RetortStages

struct ExportCheckTests {
  @Test func holdsFilesAgainstTheirManifest() async throws {
    let lab = try Lab(records: ["a", "b"], export: "out/words.jsonl")
    let file = lab.pipeline.folder.appending(path: "out/words.jsonl")
    let manifest = Manifest.url(beside: file)
    let missing = "out: expected a manifest at '\(manifest.path)', found none; `retort run` writes it"
    #expect(ExportCheck(lab.pipeline).problems == [missing])

    _ = try await lab.run()
    let whole = ExportCheck(lab.pipeline)
    #expect(whole.problems == [])
    #expect(whole.whole == [.init(stage: "out", manifest: manifest.path, rows: 2, complete: true)])

    let bytes = try Data(contentsOf: file)
    try (bytes + Data("{}\n".utf8)).write(to: file)
    #expect(
      ExportCheck(lab.pipeline).problems == [
        "out: expected '\(file.path)' with the SHA-256 \(Digest(of: bytes).hex), found "
          + "\(Digest(of: bytes + Data("{}\n".utf8)).hex) (\(bytes.count + 3) bytes); `retort run` writes it again"
      ])
    try FileManager.default.removeItem(at: file)
    #expect(
      ExportCheck(lab.pipeline).problems == [
        "out: expected '\(file.path)', found no such file; `retort run` writes it again"
      ])
    try Data("{".utf8).write(to: manifest)
    #expect(
      ExportCheck(lab.pipeline).problems == [
        "out: expected a manifest in '\(manifest.path)', found something else; `retort run` writes it again"
      ])
  }
}
