import Foundation
import OrderedCollections
import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

struct PipelineReaderTests {
  private let environment = ["HOST": "127.0.0.1:9", "GATE_TOKEN": "open-sesame-77"]

  /// Reads `yaml` as `p.yaml` in a fresh folder that holds `files` too.
  private func read(_ yaml: String, files: [String: String] = [:], settings: [String] = []) throws -> Pipeline
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let file = folder.appending(path: "p.yaml")
    try yaml.write(to: file, atomically: true, encoding: .utf8)
    do {
      return try Pipeline.read(file, catalog: fakes, environment: environment, settings: settings)
    } catch let errors as PipelineErrors {
      throw Report(text: errors.description.replacing(folder.path + "/", with: ""))
    }
  }

  private struct Report: Error { let text: String }

  private func report(_ yaml: String, files: [String: String] = [:], settings: [String] = []) -> String {
    do {
      _ = try read(yaml, files: files, settings: settings)
      return "no mistake"
    } catch let report as Report { return report.text } catch { return "\(error)" }
  }

  @Test func readsAWholeFile() throws {
    let pipeline = try read(
      """
      models:
        teacher: { endpoint: "http://${HOST}/v1", name: "${NAME:-gpt}", concurrency: 4,
                   price: { input: 2.50, output: 10, cached_input: 1 }, extra_body: { top_k: 3, a: [1.0, yes] } }
      stages:
        demos: { uses: read-fake, with: { file: d.json, columns: [question] } }
        raw:   { uses: read-fake, with: { file: d.json, columns: [question] } }
        asked: { uses: ask, from: [raw, demos], using: { pool: demos }, as: { answer: reply }, on_failure: drop,
                 with: { model: teacher, prompt: p.mustache, sampling: { temperature: 0 } } }
        out:   { uses: export-fake, from: asked, per: raw, with: { file: out.jsonl } }
      """, files: ["d.json": "[]", "p.mustache": "Q: {{question}}"],
      settings: ["asked.sampling.top_p=0.5", "teacher.concurrency=8"])
    var teacher = ModelSpec(alias: "teacher", name: "gpt")
    teacher.endpoint = "http://127.0.0.1:9/v1"
    teacher.concurrency = 8
    teacher.price = .init(input: 2.5, output: 10, cachedInput: 1)
    teacher.extraBody = ["top_k": 3, "a": [1.0, "yes"]]
    #expect(pipeline.models == ["teacher": teacher])
    #expect(pipeline.name == "p")
    #expect(
      pipeline.stages.map { "\($0.name) \($0.from) \($0.using) \($0.per ?? "-") \($0.columns ?? ["?"])" } == [
        #"demos [] [:] - ["question"]"#,
        #"raw [] [:] - ["question"]"#,
        #"asked ["demos", "raw"] ["pool": "demos"] - ["question", "reply"]"#,
        #"out ["asked"] [:] raw ["path"]"#,
      ])
    let asked = try #require(pipeline["asked"])
    #expect(asked.onFailure == .drop)
    #expect(asked.models == ["teacher"])
    #expect(asked.renames == ["answer": "reply"])
    #expect(
      asked.configured.config == [
        "model": teacher.identity, "prompt": "Q: {{question}}", "note": nil, "samples": nil, "mode": nil,
        "sampling": ["temperature": 0.0, "top_p": 0.5],
      ])
  }

  @Test func whatNoCallCouldUseIsToldAtItsPlace() {
    let text = report(
      """
      models:
        far: { name: m, endpoint: "http://h:99999/v1" }
        open: { name: m, endpoint: "http://h/v1", headers: { X-Team: a, Api-Key: secret } }
        gone: { name: m, launch: [foo] }
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
      """, files: ["d.json": "[]"])
    #expect(
      text == """
        p.yaml:2:29: expected a port from 1 to 65535, found '99999'
        p.yaml:3:67: expected headers without a key, found 'Api-Key'; name the variable that holds its value under \
        headers_env, or, where it carries the model's key, under api_key_env, with 'key_header: Api-Key'
        p.yaml:4:28: expected a program to launch, found none at 'foo' in this file's folder
        """)
  }

  @Test func secretHeadersComeFromVariables() throws {
    let text = """
      models:
        azure: { endpoint: "http://h/v1", name: m, api_key_env: KEY, key_header: api-key, headers_env: { X-Auth: GATE } }
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
      """
    let azure = try #require(try read(text, files: ["d.json": "[]"]).models["azure"])
    #expect([azure.apiKeyEnv, azure.keyHeader] == ["KEY", "api-key"])
    #expect(azure.headersEnv == ["X-Auth": "GATE"])
    #expect(azure.identity == ["name": "m", "kind": "chat"])
    #expect(
      try azure.secretHeaders(["KEY": "k", "GATE": "Basic x"]) == ["api-key": "k", "x-auth": "Basic x"])
    #expect(
      throws: Halt.unready(
        "expected the header X-Auth of model 'azure' in the environment variable GATE, found it unset; set it, then "
          + "resume")
    ) { try azure.secretHeaders(["KEY": "k"]) }
  }

  @Test func keysAndHeadersInTheWrongPlaceAreToldAndNotRepeated() {
    let text = report(
      """
      models:
        a: { endpoint: "http://h/v1", name: m, api_key_env: gsk_abcdefgh12345678ABCD, key_header: "api key" }
        b: { endpoint: "http://h/v1", name: m, key_header: X-Key, headers_env: { X-A: fe9a01b2c4d5e6f70819203a } }
        c: { endpoint: "http://h/v1", name: m, api_key_env: K, headers: { X-A: a }, headers_env: { x-a: V, Authorization: V } }
        d: { endpoint: "http://h/v1", name: m, retries: sk-proj-4fT9aBcD3eFgH1iJ }
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
      """, files: ["d.json": "[]"])
    #expect(
      text == """
        p.yaml:2:55: expected the name of an environment variable, found what looks like a key; put it into a variable \
        and name that
        p.yaml:2:93: expected a header's name of letters, digits and '-', found 'api key'
        p.yaml:3:54: expected the key 'api_key_env' beside key_header, found none
        p.yaml:3:81: expected the name of an environment variable, found what looks like a key; put it into a variable \
        and name that
        p.yaml:4:94: expected each header once, found 'x-a' again
        p.yaml:4:102: expected each header once, found 'Authorization' again
        p.yaml:5:51: expected an integer, found '[key]'
        """)
  }

  @Test func whatLooksLikeAKeyIsWarnedOfAndKeptOutOfTheRecord() throws {
    let text = """
      models:
        t: { endpoint: "http://h/v1", name: m, headers: { X-Trace: aZ3kQ9vB2mX7tR1wY6pL4sD8 },
             extra_body: { user: sk-proj-4fT9aBcD3eFgH1iJ, api_key: hunter2hunter2, prompt_cache_key: cache-number-12 } }
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
        asked: { uses: ask, from: raw, using: { pool: raw }, with: { model: t, prompt: p.mustache } }
      """
    let pipeline = try read(
      text, files: ["d.json": "[]", "p.mustache": "{{question}}"],
      settings: ["t.extra_body.token=${GATE_TOKEN}", "t.concurrency=2"])
    #expect(
      pipeline.warnings.map { "\($0.line):\($0.column) \($0.message.prefix { $0 != ";" })" } == [
        "2:62 expected no key at models.t.headers.X-Trace, found what looks like one",
        "3:28 expected no key at models.t.extra_body.user, found what looks like one",
        "3:63 expected no key at models.t.extra_body.api_key, found what looks like one",
        "1:1 expected no key at models.t.extra_body.token, found the variable GATE_TOKEN",
      ])
    let model = try #require(pipeline.models["t"])
    // What is sent and what a step is known by stay as they are written.
    let body: JSON.Object = [
      "user": "sk-proj-4fT9aBcD3eFgH1iJ", "api_key": "hunter2hunter2", "prompt_cache_key": "cache-number-12",
      "token": "open-sesame-77",
    ]
    #expect(model.extraBody == body)
    #expect(pipeline["asked"]?.configured.config["model"] == model.identity)
    let hidden: JSON = [
      "user": "[key]", "api_key": "[key]", "prompt_cache_key": "cache-number-12", "token": "[key]",
    ]
    #expect(pipeline.resolved["models"]?["t"]?["extra_body"] == hidden)
    #expect(pipeline.resolved["stages"]?["asked"]?["with"]?["model"]?["extra_body"] == hidden)
  }

  @Test func reportsEveryMistakeAtOnce() {
    let text = report(
      """
      modles: {}
      models:
        teacher: { endpoint: "ftp://x", nmae: gpt, concurrency: 0 }
        judge: { endpoint: "http://${NOBODY}/v1", name: j, kind: juge, price: { input: 1, outptu: 2 } }
        both: { endpoint: "http://h/v1", launch: [./serve], name: b, api_key_env: sk-123, retries: -1 }
        vector: { endpoint: "http://h/v1", name: v, kind: embedding }
      stages:
        demos: { uses: read-fake, from: raw, with: { file: nowhere.json } }
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
        run: { uses: ask, from: raw, with: { model: teachr, prompt: p.mustache, samples: many, moed: fast } }
        Twice: { uses: aks, from: raw }
        asked: { uses: ask, from: rwa, using: { poool: demos }, per: raw,
                 with: { model: vector, prompt: p.mustache, mode: fsat, sampling: { temprature: 0.5 } } }
        wrong: { uses: ask, from: raw, using: { pool: raw }, replace: 1, with: { model: vector, prompt: good.mustache } }
        early: { uses: ask, from: late, using: { pool: raw }, with: { model: both, prompt: good.mustache, samples: 0 } }
        late: { uses: ask, from: early, using: { pool: raw }, with: [1] }
        lost: { uses: export-fake, with: { file: a/../out.jsonl } }
        again: { uses: export-fake, from: raw, per: demos, with: { file: ./out.jsonl } }
      """, files: ["d.json": "[]", "p.mustache": "{{#a}}\n{{question}}", "good.mustache": "{{question}}"])
    #expect(
      text == """
        p.yaml:1:1: expected one of the keys 'models', 'tools', 'rounds', 'stages', found 'modles' (did you mean 'models'?)
        p.yaml:3:12: expected the key 'name', found none
        p.yaml:3:24: expected an address that starts with http:// or https://, found 'ftp://x'
        p.yaml:3:35: expected one of the keys 'endpoint', 'name', 'kind', 'api', 'launch', 'revision', \
        'headers', 'concurrency', 'rpm', 'tpm', 'timeout', 'retries', 'price', 'omit', 'coordinates', 'api_version', \
        'reasoning_effort', 'thinking_budget', 'api_key_env', 'key_header', 'headers_env', 'extra_body', 'max_tokens_field', 'max_inputs', 'max_pixels', found 'nmae' (did you mean 'name'?)
        p.yaml:3:59: expected a number above 0, found 0
        p.yaml:4:22: expected the environment variable NOBODY to be set, found it absent; set it or write \
        '${NOBODY:-default}'
        p.yaml:4:60: expected one of 'chat', 'embedding', 'judge', 'vllm-pooling', 'vllm-classify', \
        'vllm-score', 'vllm-purm', 'sglang-classify', 'tei-predict', 'openrlhf', 'vllm-logprobs', \
        'llama-logprobs', 'tei-entailment', found 'juge' (did you mean 'judge'?)
        p.yaml:4:73: expected the key 'output', found none
        p.yaml:4:85: expected one of the keys 'input', 'output', 'cached_input', 'written_input', found 'outptu' (did you \
        mean 'output'?)
        p.yaml:5:44: expected either 'endpoint' or 'launch', found both
        p.yaml:5:77: expected the name of an environment variable, found something else
        p.yaml:5:94: expected 0 or more, found -1
        p.yaml:8:29: expected no 'from:', since 'read-fake' takes no rows, found one
        p.yaml:8:54: expected a readable file, found none at 'nowhere.json' (nowhere.json)
        p.yaml:10:3: expected another stage name, found 'run', which the store uses itself
        p.yaml:10:3: expected the key 'pool' under 'using:' (the examples), found none
        p.yaml:10:47: expected a model of this file (teacher, judge, both, vector), found 'teachr' (did \
        you mean 'teacher'?)
        p.yaml:10:84: expected an integer, found 'many'
        p.yaml:10:90: expected one of the keys 'model', 'prompt', 'note', 'samples', 'mode', \
        'sampling', found 'moed' (did you mean 'mode'?)
        p.yaml:11:3: expected a stage name of lower-case letters, digits and '_', starting with a letter, \
        found 'Twice'
        p.yaml:11:18: expected a stage kind (see 'retort stages'), found 'aks' (did you mean 'ask'?)
        p.yaml:12:29: expected a stage of this file, found 'rwa' (did you mean 'raw'?)
        p.yaml:12:34: expected the key 'pool' under 'using:' (the examples), found none
        p.yaml:12:43: expected one of 'pool', found 'poool' (did you mean 'pool'?)
        p.yaml:12:64: expected no 'per:', since 'ask' takes one row at a time, found one
        p.yaml:13:61: expected one of 'fast', 'slow', found 'fsat' (did you mean 'fast'?)
        p.yaml:13:79: expected one of the keys 'temperature', 'top_p', found 'temprature' (did you mean \
        'temperature'?)
        p.yaml:14:65: expected true or false, found the number 1
        p.yaml:14:83: expected a chat model (kind 'chat'), found 'vector' of kind 'embedding'
        p.yaml:15:3: expected stages without a cycle, found early takes late takes early
        p.yaml:15:57: expected 'samples' of 1 or more, found 0
        p.yaml:16:63: expected a mapping, found a list
        p.yaml:17:3: expected the key 'from', the stage whose rows 'lost' takes, found none
        p.yaml:18:47: expected a stage that all its rows descend from (raw), found 'demos'
        p.yaml:18:68: expected a path that no other export writes, found './out.jsonl', which 'lost' \
        writes at p.yaml:17:44
        p.mustache:1:1: expected '{{/a}}' for this section, found the end of the text
        """)
  }

  @Test func checksColumns() {
    let text = report(
      """
      models:
        m: { endpoint: "http://h/v1", name: m }
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question, id] } }
        any: { uses: read-fake, with: { file: d.json } }
        a: { uses: ask, from: raw, using: { pool: raw }, with: { model: m, prompt: p.mustache } }
        b: { uses: ask, from: a, using: { pool: raw }, with: { model: m, prompt: q.mustache } }
        c: { uses: ask, from: a, using: { pool: raw }, as: { anser: again }, replace: true, with: { model: m, prompt: q.mustache } }
        d: { uses: ask, from: any, using: { pool: any }, with: { model: m, prompt: p.mustache } }
        e: { uses: ask, from: d, using: { pool: a }, as: { answer: again }, with: { model: m, prompt: p.mustache } }
        f: { uses: ask, from: d, using: { pool: out }, with: { model: m, prompt: p.mustache } }
        out: { uses: export-fake, from: b, with: { file: o } }
        both: { uses: ask, from: [raw, out], using: { pool: a }, with: { model: m, prompt: q.mustache } }
      """,
      files: ["d.json": "[]", "p.mustache": "Hi\n  {{qestion}}", "q.mustache": "{{question}}"])
    #expect(
      text == """
        p.yaml:7:3: expected a new column, found 'answer', which the rows have already; rename it with \
        'as:' or write 'replace: true'
        p.yaml:8:56: expected a column that 'c' adds (answer), found 'anser' (did you mean 'answer'?)
        p.yaml:11:3: expected a new column, found 'answer', which the rows have already; rename it with \
        'as:' or write 'replace: true'
        p.yaml:11:28: expected a column of 'out' (path), found 'question', which 'f' reads
        p.mustache:2:3: expected a column of 'raw' (question, id), found 'qestion', which 'a' reads (did \
        you mean 'question'?)
        q.mustache:1:1: expected a column of 'out' (path), found 'question', which 'both' reads
        """)
  }

  @Test func onlyPromptsAreTemplates() throws {
    let pipeline = try read(
      """
      models: { m: { endpoint: "http://h/v1", name: m } }
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
        a: { uses: ask, from: raw, using: { pool: raw }, with: { model: m, prompt: p.mustache, note: n.txt } }
      """, files: ["d.json": "[]", "p.mustache": "{{question}}", "n.txt": "write {{ and {{#x}}"])
    #expect(pipeline["a"]?.configured.config["note"] == "write {{ and {{#x}}")
  }

  @Test func aKindWithoutKeysRefusesThem() {
    let text = report(
      """
      stages:
        raw: { uses: list, with: { file: x } }
        ok: { uses: list, with: }
        none: { uses: list, with: {} }
      """)
    #expect(text == "p.yaml:2:30: expected no key here, found 'file'")
  }

  @Test func whatTakesNoColumnsIsAReaderWhateverItsName() {
    let text = report(
      """
      stages:
        raw: { uses: list, from: raw2 }
        raw2: { uses: list }
        out: { uses: export-fake, with: { file: o } }
      """)
    #expect(
      text == """
        p.yaml:2:22: expected no 'from:', since 'list' takes no rows, found one
        p.yaml:4:3: expected the key 'from', the stage whose rows 'out' takes, found none
        """)
  }

  @Test func rowsThatAStageMakesHaveItsOwnColumnsAlone() {
    let text = report(
      """
      stages:
        raw: { uses: list }
        sum: { uses: count, from: raw, with: { column: word } }
        kept: { uses: count-rows, from: raw, with: { column: word } }
        bad: { uses: count, from: sum, with: { column: word } }
        good: { uses: count, from: kept, with: { column: word } }
      """)
    #expect(text == "p.yaml:5:50: expected a column of 'sum' (count), found 'word', which 'bad' reads")
  }

  @Test func exportsToOnePathNameBothPlaces() {
    let text = report(
      """
      stages:
        raw: { uses: list }
        a: { uses: export-fake, from: raw, with: { file: out } }
        b: { uses: export-fake, from: raw, with: { folder: x/../out/ } }
        c: { uses: export-fake, from: raw, with: { file: other } }
      """)
    #expect(
      text
        == "p.yaml:4:54: expected a path that no other export writes, found 'x/../out/', which 'a' writes at "
        + "p.yaml:3:52")
  }

  @Test(arguments: [
    ("file: p.yaml", "found 'p.yaml', the pipeline file"),
    ("file: ./in/../d.json", "found './in/../d.json', which 'raw' reads"),
    ("folder: .", "found '.', which holds p.yaml, the pipeline file"),
    ("file: ''", nil),
  ]) func exportsReplaceNoInput(written: String, found: String?) {
    let text = report(
      """
      stages:
        raw: { uses: read-fake, with: { file: d.json, columns: [question] } }
        out: { uses: export-fake, from: raw, with: { \(written) } }
      """, files: ["d.json": "[]"])
    #expect(
      text
        == "p.yaml:3:\(written.hasPrefix("file") ? 54 : 56): expected a path"
        + (found.map { " of its own, since exports replace what is there; \($0)" } ?? ", found an empty one"))
  }

  @Test func namesOfTheStoreAreReserved() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipeline = try read("stages: { raw: { uses: list } }")
    let store = try Store(path: folder.appending(path: "s.sqlite").path)
    _ = try await Engine(pipeline, store: store, models: InertModels()).run()
    let names = try await store.inspector.query("SELECT name FROM sqlite_master").compactMap {
      $0["name"]?.string
    }
    // What begins with '_' is no stage's name anyway.
    for name in names where name != "raw" && !name.hasPrefix("sqlite_") && !name.hasPrefix("_") {
      #expect(
        report("stages: { \(name): { uses: list } }")
          == "p.yaml:1:11: expected another stage name, found '\(name)', which the store uses itself")
    }
    #expect(Set(["take", "fingerprint", "step_call", "failed_call", "lineage"]).isSubset(of: names))
  }

  @Test(arguments: [
    (
      "stages: {",
      "p.yaml:2:1: expected YAML, found a mistake in it: did not find expected node content "
        + "(while parsing a flow node at line 2)"
    ),
    ("stages: {}", "p.yaml:1:1: expected at least one stage, found none"),
    ("[a]", "p.yaml:1:1: expected a mapping, found a list"),
    (
      "stages: {a: {uses: read-fake}, a: {uses: read-fake}}",
      "p.yaml:1:10: expected each key once, found 'a' twice in this mapping"
    ),
    ("", "p.yaml:1:1: expected a mapping, found nothing"),
  ])
  func refusesBrokenFiles(yaml: String, expected: String) {
    #expect(report(yaml) == expected)
  }

  @Test func refusesSettingsThatReachNothing() {
    let yaml = "stages: { raw: { uses: read-fake, with: { file: p.yaml } } }"
    #expect(
      report(yaml, settings: ["rwa.columns=[a]", "raw.columns", "raw.file.x=1", "raw.colums=[a]"])
        == """
        --set raw.columns:1:1: expected PATH=VALUE, found no '='
        --set raw.colums=[a]:1:1: expected one of the keys 'file', 'columns', found 'colums' (did you \
        mean 'columns'?)
        --set raw.file.x=1:1:1: expected a mapping that has 'x', found 'p.yaml'
        --set rwa.columns=[a]:1:1: expected a path such as STAGE.KEY or MODEL.KEY, found 'rwa.columns' \
        (did you mean 'raw'?)
        """)
  }

  @Test func suggestsNearWordsOnly() {
    let words = ["question", "answer", "id"]
    #expect(NearestWord.of("qustion", in: words) == "question")
    #expect(NearestWord.of("anwsre", in: words) == "answer")
    #expect(NearestWord.of("di", in: words) == "id")
    #expect(NearestWord.of("reward", in: words) == nil)
    #expect(NearestWord.of("x", in: words) == nil)
  }

  @Test func readsTheEnvironmentAsAShellDoes() {
    let reader = EnvironmentReader(variables: ["A": "1", "E": ""])
    var mistakes: [String] = []
    let text = reader.substitute("${A}-${B:-x/${A}-${E:-e}-${E}-$${A}-$A-${C}-${1}-${") {
      mistakes.append($0)
    }
    #expect(text == "1-x/${A-e--${A}-$A---")
    #expect(
      mistakes == [
        "expected the environment variable C to be set, found it absent; set it or write '${C:-default}'",
        "expected '${NAME}' or '${NAME:-default}', found '${1}'",
        "expected '}' after '${', found '${'",
      ])
  }

  @Test func describesFilesToEditors() {
    let schema = PipelineSchema.json(fakes)
    let stage = schema["$defs"]?["stage"]
    #expect(
      stage?["properties"]?["uses"]?["enum"] == [
        "ask", "count", "count-rows", "export-fake", "list", "read-fake",
      ])
    #expect(
      stage?["allOf"]?.array?.first?["then"] == [
        "description": "Ask.",
        "properties": [
          "with": [
            "type": "object", "additionalProperties": false,
            "properties": [
              "model": ["type": "string", "description": "The model."],
              "prompt": ["type": "string"],
              "note": ["type": "string"],
              "samples": ["type": "integer", "description": "How many, default 1."],
              "mode": ["enum": ["fast", "slow"]],
              "sampling": [
                "type": "object", "additionalProperties": false,
                "properties": ["temperature": ["type": "number"], "top_p": ["type": "number"]],
              ],
            ],
            "required": ["model", "prompt"],
          ],
          "per": false,
          "using": [
            "type": "object", "additionalProperties": false,
            "properties": ["pool": ["type": "string", "description": "the examples"]], "required": ["pool"],
          ],
        ],
        "required": ["with", "from", "using"],
      ])
  }
}

private let fakes = Catalog([
  StageEntry(Ask.self), StageEntry(ReadFake.self), StageEntry(ExportFake.self), StageEntry(List.self),
  StageEntry(Count.self), StageEntry(CountRows.self),
])

private struct List: Reader {
  struct Config: Codable, Sendable {}
  struct Output: Codable, Sendable { var word: String }
  static let name = "list"
  static let version = 1
  static let summary = "List."
  static let keys: [String: String] = [:]
  init(_ config: Config, in workspace: Workspace) {}
  func read(into sink: ReaderSink<Output>) async throws {}
}

private struct CountConfig: Codable, Sendable { var column: String }
private struct Counted: Codable, Sendable { var count: Int }

private struct Count: SetStage {
  typealias Config = CountConfig
  typealias Input = Columns
  typealias Output = Counted
  static let name = "count"
  static let version = 1
  static let summary = "Count."
  static let keys = ["column": "The column."]
  let reads: [ColumnUse]
  init(_ config: Config, in workspace: Workspace) { reads = [ColumnUse(config.column)] }
  func process(_ rows: RowSet<Columns>, into sink: MakingSink<Counted>) async throws {}
}

private struct CountRows: SetStage {
  typealias Config = CountConfig
  typealias Input = Columns
  typealias Output = Counted
  static let name = "count-rows"
  static let version = 1
  static let summary = "Count."
  static let keys = ["column": "The column."]
  let reads: [ColumnUse]
  init(_ config: Config, in workspace: Workspace) { reads = [ColumnUse(config.column)] }
  func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Counted>) async throws {}
}

private struct ReadFake: Reader {
  struct Config: Codable, Sendable {
    var file: DataFile
    var columns: [String]?
  }
  typealias Output = Columns
  static let name = "read-fake"
  static let version = 1
  static let summary = "Read."
  static let keys = ["file": "The file.", "columns": "The columns."]
  let adds: [String]?
  init(_ config: Config, in workspace: Workspace) { adds = config.columns }
  func read(into sink: ReaderSink<Columns>) async throws {}
}

private struct ExportFake: Exporter {
  struct Config: Codable, Sendable {
    var file: String?
    var folder: String?
  }
  typealias Input = NoColumns
  static let name = "export-fake"
  static let version = 1
  static let summary = "Write."
  static let keys = ["file": "The path.", "folder": "The folder."]
  static let destinations = [Destination.file, .folder]
  let adds: [String]? = ["path"]
  var writes: [ExportTarget] { [] }
  init(_ config: Config, in workspace: Workspace) {}
  func export(_ rows: RowSet<NoColumns>, dropping sink: ExportSink) -> [ExportedFile] { [] }
}

private struct Ask: RowStage {
  struct Config: Codable, Sendable {
    enum Mode: String, Codable, Sendable, CaseIterable { case fast, slow }
    struct Sampled: Codable, Sendable {
      var temperature: Double?
      var topP: Double?
      enum CodingKeys: String, CodingKey {
        case temperature
        case topP = "top_p"
      }
    }
    var model: ModelRef
    var prompt: PromptFile
    var note: TextFile?
    var samples: Int?
    var mode: Mode?
    var sampling: Sampled?
  }
  struct Output: Codable, Sendable { var answer: String }
  typealias Input = Columns
  static let name = "ask"
  static let version = 1
  static let summary = "Ask."
  static let keys = ["model": "The model.", "samples": "How many, default 1."]
  static let sets = [SetRole("pool", columns: ["question"], help: "the examples")]
  let reads: [ColumnUse]

  struct TooFew: Error, CustomStringConvertible {
    let description = "expected 'samples' of 1 or more, found 0"
  }

  init(_ config: Config, in workspace: Workspace) throws {
    _ = try workspace.chat(config.model)
    if config.samples == 0 { throw TooFew() }
    reads = try Prompt(text: config.prompt.text).names.map { ColumnUse($0) }
  }
  func process(_ input: Columns) async throws -> Outcome<Output> { .emit([]) }
}
