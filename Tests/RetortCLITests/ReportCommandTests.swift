import Foundation
import Testing

@testable import RetortCLI

@Suite struct ReportCommandTests {
  @Test func funnel() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "report --funnel",
      prints: """
        questions  ████████████████████████████████████  3 of 3
        answers    ████████████████████████████████████  3 of 3
        numbers    ████████████████████████░░░░░░░░░░░░  2 of 3
        out        ████████████████████████              2 of 2 → 1

        █ emitted  ░ dropped  × failed  · pending  → rows made
        """)
    try await desk.expectCommand(
      "report --funnel --markdown",
      says: """
        Error: expected one of --funnel and --markdown, found both
        Usage: retort report [<run>] [--output <output>] [--markdown] [--funnel] [--store <store>]
          See 'retort report --help' for more information.
        """, exits: 2)
  }

  @Test func markdown() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --only questions")
    try await desk.expectCommand(
      "report --markdown",
      prints: """
        # p, run 1

        4 stages; complete, begun 2026-01-01 00:00:00 UTC, 0.00 s. No model was called; 0 files with 0 rows were written.

        ## Pipeline

        | stage | what | rows from | sets from | models |
        | --- | --- | --- | --- | --- |
        | questions | read-jsonl |  |  |  |
        | answers | generate | questions |  |  |
        | numbers | filter | answers |  |  |
        | out | export-jsonl | numbers |  |  |

        ## Funnel

        | stage | in | emitted | dropped | failed | pending | rows out |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: |
        | questions | 3 | 3 | 0 | 0 | 0 | 3 |
        | answers | 3 | 0 | 0 | 0 | 3 | 0 |
        | numbers | 0 | 0 | 0 | 0 | 0 | 0 |
        | out | 0 | 0 | 0 | 0 | 0 | 0 |

        in = emitted + dropped + failed + pending. Emitted rows went on, dropped ones ended here for a reason below, failed ones are tried again by a resume, pending ones were not come to. Rows out is what was made of those emitted: several of one, one of a whole set, or the files of an export.

        ## How to reproduce

        ```
        RETORT_URL=http://127.0.0.1:0/v1 retort run p.yaml --only questions
        ```

        | variable of the file | value | from |
        | --- | --- | --- |
        | RETORT\\_URL | http://127.0.0.1:0/v1 | environment |

        A step is known by its stage's fingerprint (the digest of kind, version and settings, prompts included) and its input. The same fingerprints and data make the same requests.

        | stage | kind | version | fingerprint |
        | --- | --- | --- | --- |
        | questions | read-jsonl | 1 | d61a0f3a05d1 |
        | answers | generate | 3 | not begun |
        | numbers | filter | 1 | not begun |
        | out | export-jsonl | 1 | not begun |

        **Settings as they were read**

        ```
        {
          "models": {
            "teacher": {
              "name": "gpt",
              "kind": "chat",
              "endpoint": "http://127.0.0.1:0/v1",
              "concurrency": 1,
              "timeout": 300.0,
              "retries": 0,
              "price": {
                "input": 2.0,
                "output": 8.0
              }
            }
          },
          "stages": {
            "questions": {
              "kind": "read-jsonl",
              "version": 1,
              "with": {
                "file": "r1:26c1955e75ec60581f786f5ab13d09a1df7511f926bd59163966a8c130ac02dc",
                "columns": ["question"]
              }
            },
            "answers": {
              "kind": "generate",
              "version": 3,
              "with": {
                "model": {
                  "name": "gpt",
                  "kind": "chat"
                },
                "prompt": "{{question}}"
              },
              "from": ["questions"]
            },
            "numbers": {
              "kind": "filter",
              "version": 1,
              "with": {
                "where": [
                  {
                    "column": "reply",
                    "matches": "[0-9]+"
                  }
                ]
              },
              "from": ["answers"]
            },
            "out": {
              "kind": "export-jsonl",
              "version": 1,
              "with": {
                "file": "out/answers.jsonl",
                "columns": ["question","reply"]
              },
              "from": ["numbers"]
            }
          }
        }
        ```

        """)
  }

  @Test func aPageInAFile() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand("report -o report.html", says: "wrote report.html")
    #expect(try desk.read("report.html").hasPrefix("<!doctype html>"))
    try await desk.expectCommand("report 1 -o report.html", says: "wrote report.html")
    try desk.write("mine\n", to: "mine.html")
    try await desk.expectCommand(
      "report -o mine.html",
      says: """
        error: expected 'mine.html' to be free, or a file that retort wrote, found a file that retort has no record of; name another path, or move what is there away
        """, exits: 1)
    #expect(try desk.read("mine.html") == "mine\n")
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "report", says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store",
      exits: 2)
    _ = try await desk.type("run p.yaml --only questions")
    try await desk.expectCommand(
      "report 7", says: "error: expected a run to report, found none numbered 7", exits: 2)
    try await desk.expectCommand(
      "report -o .retort/store.sqlite",
      says: "error: expected another path than '.retort/store.sqlite', which is the store", exits: 1)
    try await desk.expectCommand("report -o out", says: "wrote out")
    try await desk.expectCommand("report -o none/report.html", says: "wrote none/report.html")
  }
}
