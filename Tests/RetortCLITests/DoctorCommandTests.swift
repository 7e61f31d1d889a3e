import Foundation
import RetortTestSupport
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
        local model: not fetched into .models; `make models`
        """, with: ["PATH": "/nowhere"])
  }

  @Test func forAPipeline() async throws {
    let desk = try Desk([
      "p.yaml": Desk.project["p.yaml"]!.replacing("name: gpt,", with: "name: gpt, api_key_env: TEACHER_KEY,"),
      "bin/python3": "", ".models/engine/.complete": "",
    ]) { $0.isEmpty ? .json(#"{"data":[{"id":"gpt4"},{"id":"other"}]}"#) : Desk.answer($0) }
    let python = desk.folder.appending(path: "bin/python3").path
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    let path = ["PATH": "/nowhere:\(desk.folder.path)/bin"]
    try await desk.expectCommand(
      "doctor p.yaml",
      prints: """
        python3 (local models, trainer scripts): bin/python3
        TEACHER_KEY (key of teacher): not set; a run stops before the first call without it
        local model: ready in .models
        teacher (chat, gpt): does not answer
          expected a key in the environment variable TEACHER_KEY, found it unset
        models: 1 of 1 do not answer; it took 0 tokens, USD 0.0000, which are part of no run
        """, exits: 1, with: path)
    #expect(desk.calls == 0)
    try await desk.expectCommand(
      "doctor p.yaml",
      prints: """
        python3 (local models, trainer scripts): bin/python3
        TEACHER_KEY (key of teacher): set
        local model: ready in .models
        teacher (chat, gpt): answers, 0.0 s, 12 tokens in, 5 out, USD 0.0001
          note: the server lists no 'gpt' (did you mean 'gpt4'?), but gpt4, other, and answers all the same
        models: all 1 answer; it took 17 tokens, USD 0.0001, which are part of no run
        """, with: path.merging(["TEACHER_KEY": "k"]) { $1 })
    #expect(!FileManager.default.fileExists(atPath: desk.folder.appending(path: ".retort").path))
    try await desk.expectCommand(
      "doctor q.yaml", says: "q.yaml:1:1: expected a readable pipeline file, found none", exits: 2, with: path
    )
  }

  /// All that is wrong is told at once, and no key with it.
  @Test func eachModelThatDoesNotAnswerSaysWhy() async throws {
    let key = "sk-very-secret-123456"
    let gate = try StubServer { request in
      if request.method == "GET" { return .json(#"{"data":[{"id":"gpt-4o"}]}"#) }
      guard request.path.hasSuffix("/completions") else {
        return .json(#"{"detail":"Not Found"}"#, status: 404)
      }
      let isKnown = request.text.contains(#""gpt-4o""#)
      return request.headers["authorization"] == nil
        ? .json(#"{"error":{"message":"no key \#(key)"}}"#, status: 401)
        : isKnown ? Desk.reply("4") : .json(#"{"error":{"message":"no such model"}}"#, status: 404)
    }
    let bare = try StubServer { request in
      guard request.path.hasPrefix("/v1/") else { return .json(#"{"error":"not here"}"#, status: 404) }
      return request.method == "GET" ? .json(#"{"data":[]}"#) : Desk.reply("4")
    }
    let sampler = try StubServer { request in
      request.text.contains("temperature")
        ? .json(#"{"error":{"message":"'temperature' is not supported with this model"}}"#, status: 400)
        : Desk.reply("4")
    }
    let desk = try Desk([
      "p.yaml": """
      models:
        good: { endpoint: "\(gate.url)/v1", name: gpt-4o, api_key_env: KEY }
        name: { endpoint: "\(gate.url)/v1", name: gpt-4oo, api_key_env: KEY }
        key: { endpoint: "\(gate.url)/v1", name: gpt-4o }
        kind: { endpoint: "\(gate.url)/v1", name: gpt-4o, kind: vllm-score, api_key_env: KEY }
        unset: { endpoint: "\(gate.url)/v1", name: gpt-4o, api_key_env: NONE, headers_env: { X-A: EMPTY } }
        address: { endpoint: "\(bare.url)", name: m }
        nobody: { endpoint: "http://127.0.0.1:1/v1", name: m }
        judge: { endpoint: "\(sampler.url)/v1", name: m, kind: judge, omit: [temperature] }
        sampler: { endpoint: "\(sampler.url)/v1", name: m }
        ends: { launch: [./ends], name: m }
      stages:
        questions: { uses: read-jsonl, with: { file: questions.jsonl } }

      """, "ends": "#!/bin/sh\necho no memory for $KEY >&2\nexit 3\n",
    ])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: desk.folder.appending(path: "ends").path)
    try await desk.expectCommand(
      "check p.yaml --endpoints",
      prints: """
        p.yaml: 1 stage, 10 models, no mistake found
        good (chat, gpt-4o): answers, 0.0 s, 12 tokens in, 5 out
        name (chat, gpt-4oo): does not answer
          HTTP 404: the endpoint refuses model 'name', whatever it is asked: no such model
          the server lists no 'gpt-4oo' (did you mean 'gpt-4o'?), but gpt-4o
        key (chat, gpt-4o): does not answer
          HTTP 401: the endpoint refuses model 'key', whatever it is asked: no key [key]
          no key was sent: name the variable that holds it under api_key_env
        kind (vllm-score, gpt-4o): does not answer
          HTTP 404: the endpoint refuses model 'kind', whatever it is asked: Not Found
          the server lists 'gpt-4o', but has no address for what kind vllm-score asks: is that the kind, and was the server started for it?
        unset (chat, gpt-4o): does not answer
          expected a key in the environment variable EMPTY, found it empty
          expected a key in the environment variable NONE, found it unset
        address (chat, m): does not answer
          HTTP 404: the endpoint refuses model 'address', whatever it is asked: not here
          the server has its list of models at 'http://127.0.0.1:0/v1': is that the address?
        nobody (chat, m): does not answer
          Failed to connect
          the address is http://127.0.0.1:0/v1
        judge (judge, m): does not answer
          expected log-probabilities in the judge's reply, found none
        sampler (chat, m): answers, 0.0 s, 12 tokens in, 5 out
          note: answers only without a temperature: 'temperature' is not supported with this model; say 'omit: [temperature]' under models.sampler, and it is asked without that
        ends (chat, m): does not answer
          expected a server from ends for model 'ends', it ended with status 3 before it said its address; its last words: no memory for
        models: 8 of 10 do not answer; it took 51 tokens, which are part of no run
        """,
      says: "servers under launch: are started, which may take up to 300 s, and ended again",
      exits: 1, with: ["KEY": key, "EMPTY": ""])
  }

  @Test func aFileWithoutModelsHasNobodyToAsk() async throws {
    let desk = try Desk([
      "p.yaml": "stages:\n  questions: { uses: read-jsonl, with: { file: questions.jsonl } }\n"
    ])
    try await desk.expectCommand(
      "check p.yaml --endpoints",
      prints: """
        p.yaml: 1 stage, 0 models, no mistake found
        models: the file names none
        """)
  }
}
