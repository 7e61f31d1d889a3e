import Foundation
import Testing

@testable import RetortCLI

@Suite struct InitCommandTests {
  @Test func aProjectThatIsWithoutMistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "init 'a project'",
      prints: """
        wrote a project/pipeline.yaml
        wrote a project/data/questions.jsonl
        wrote a project/prompts/reason.mustache
        wrote a project/.gitignore
        next:
          retort check 'a project/pipeline.yaml'
          export RETORT_URL=http://127.0.0.1:0/v1 RETORT_MODEL=teacher # your endpoint, and its model
          retort run 'a project/pipeline.yaml'
        """)
    try await desk.expectCommand(
      "check 'a project/pipeline.yaml'",
      prints: """
        a project/pipeline.yaml: 6 stages, 1 model, no mistake found
        note: a project/pipeline.yaml:10:15: the environment variable RETORT_URL goes into models.teacher.endpoint
        note: a project/pipeline.yaml:11:11: the environment variable RETORT_MODEL goes into models.teacher.name
        """)
    try await desk.expectCommand(
      "init 'a project'",
      says: """
        error: expected no pipeline.yaml, data/questions.jsonl, prompts/reason.mustache, .gitignore in a project, found it; nothing was written; name another folder
        """, exits: 2)
  }

  @Test func here() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "init",
      prints: """
        wrote ./pipeline.yaml
        wrote ./data/questions.jsonl
        wrote ./prompts/reason.mustache
        wrote ./.gitignore
        next:
          retort check pipeline.yaml
          export RETORT_URL=http://127.0.0.1:0/v1 RETORT_MODEL=teacher # your endpoint, and its model
          retort run pipeline.yaml
        """)
  }

  @Test func placesWhereNothingCanBeWritten() async throws {
    let desk = try Desk(["file": "no folder"])
    let link = desk.folder.appending(path: "link").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "nowhere/at/all")
    try await desk.expectCommand(
      "init link",
      says:
        "error: expected a folder or nothing at 'link', found a link to 'nowhere/at/all', where nothing is; nothing was written",
      exits: 1)
    try await desk.expectCommand(
      "init file", says: "error: expected a folder or nothing at 'file', found a file; nothing was written",
      exits: 1)
    try await desk.expectCommand(
      "init /proc/none",
      says:
        "error: expected to write '/proc/none/pipeline.yaml', found that it cannot be (No such file or directory)",
      exits: 1)
  }
}
