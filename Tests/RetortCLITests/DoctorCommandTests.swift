import Foundation
import Testing

@testable import RetortCLI

@Suite struct DoctorCommandTests {
  @Test func inGeneral() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "doctor",
      prints: """
        python3 (local models, trainer scripts): not found; apt-get install python3
        OPENAI_API_KEY: not set; only pipelines whose api_key_env names it need it
        local model: not fetched; `make models`
        """, with: ["PATH": "/nowhere"])
  }

  @Test func forAPipeline() async throws {
    let desk = try Desk([
      "p.yaml": Desk.project["p.yaml"]!.replacing("name: gpt,", with: "name: gpt, api_key_env: TEACHER_KEY,"),
      "bin/python3": "", ".models/engine/.complete": "",
    ])
    let python = desk.folder.appending(path: "bin/python3").path
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    let path = ["PATH": "/nowhere:\(desk.folder.path)/bin"]
    try await desk.expectCommand(
      "doctor p.yaml",
      prints: """
        python3 (local models, trainer scripts): bin/python3
        TEACHER_KEY (key of teacher): not set; a run stops before the first call without it
        local model: ready in .models
        """, with: path)
    try await desk.expectCommand(
      "doctor p.yaml",
      prints: """
        python3 (local models, trainer scripts): bin/python3
        TEACHER_KEY (key of teacher): set
        local model: ready in .models
        """, with: path.merging(["TEACHER_KEY": "k"]) { $1 })
    try await desk.expectCommand(
      "doctor q.yaml", says: "q.yaml:1:1: expected a readable pipeline file, found none", exits: 2, with: path
    )
  }
}
