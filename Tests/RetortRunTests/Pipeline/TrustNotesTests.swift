import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

struct TrustNotesTests {
  private func notes(_ yaml: String, settings: [String] = []) throws -> [String] {
    let folder = try Bench.folder()
    let file = folder.appending(path: "p.yaml")
    try Data(yaml.utf8).write(to: file)
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "away").path, withDestinationPath: "/usr")
    return try Pipeline.trustNotes(
      on: file, environment: ["WHO": "me", "HOST": "example.org"], settings: settings
    ).map { $0.hasPrefix("--set") ? $0 : String($0.dropFirst(file.relativePath.count + 1)) }
  }

  @Test func aFileThatStaysInItsFolderHasNone() throws {
    #expect(
      try notes(
        """
        models:
          here: { endpoint: "http://127.0.0.1:9/v1", name: m, api_key_env: KEY }
          safe: { endpoint: "https://example.org/v1", name: m, api_key_env: KEY }
          open: { endpoint: "http://example.org/v1", name: m }
        stages:
          rows: { uses: read-jsonl, with: { file: data/../rows.jsonl } }
          out: { uses: export-jsonl, from: rows, with: { file: out/rows.jsonl } }
        """) == [])
  }

  @Test func whatLeavesTheFolderIsNamedWithItsPlace() throws {
    let found = try notes(
      """
      models:
        local: { launch: [/usr/bin/serve], name: m }
      stages:
        rows: { uses: read-jsonl, with: { file: ../../etc/rows.jsonl } }
        pages: { uses: read-html, with: { files: [a.html, away/b.html], select: p, columns: {} } }
        out: { uses: export-jsonl, from: rows, with: { file: /srv/out.jsonl } }
      """)
    #expect(found.count == 4)
    #expect(found[0] == "2:21: local launches /usr/bin/serve, outside the file's folder")
    #expect(
      found[1].hasPrefix("4:43: rows names ") && found[1].hasSuffix("'file', outside the file's folder"))
    #expect(found[2] == "5:53: pages names /usr/b.html under 'files', outside the file's folder")
    #expect(found[3] == "6:56: out names /srv/out.jsonl under 'file', outside the file's folder")
  }

  @Test func programsFromElsewhereAreNamed() throws {
    let found = try notes(
      """
      stages:
        own: { uses: command, from: rows, with: { run: [./step.py] } }
        shell: { uses: command, from: rows, with: { run: [sh, -c, "true"] } }
        far: { uses: command-set, from: rows, with: { run: [../step.py] } }
        math: { uses: verify-answer, from: rows, with: { verifier: math, command: [no-such-program] } }
      """)
    #expect(found.count == 3)
    #expect(found[0].hasPrefix("3:53: shell starts /") && found[0].hasSuffix("sh, outside the file's folder"))
    #expect(
      found[1].hasPrefix("4:55: far starts /") && found[1].hasSuffix("/step.py, outside the file's folder"))
    #expect(found[2] == "5:78: math starts 'no-such-program', which is not found on the PATH")
  }

  @Test func variablesAndUncoveredKeysAreNamed() throws {
    #expect(
      try notes(
        """
        models:
          far: { endpoint: "http://${HOST}/v1", name: m, api_key_env: KEY }
        stages:
          rows: { uses: read-jsonl, with: { file: "${WHO}.jsonl" } }
          asked: { uses: generate, from: rows, with: { model: far, template: "$${NOT} ${ABSENT:-x}" } }
        """, settings: ["asked.max_tokens=${WHO}"])
        == [
          "--set asked.max_tokens=${WHO}:1:1: the environment variable WHO goes into stages.asked.with.max_tokens",
          "2:20: far sends a key to example.org over http, which anybody on the way can read",
          "2:20: the environment variable HOST goes into models.far.endpoint",
          "4:43: the environment variable WHO goes into stages.rows.with.file",
          "5:70: the environment variable ABSENT goes into stages.asked.with.template",
        ])
  }
}
