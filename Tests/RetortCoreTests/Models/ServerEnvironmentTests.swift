import Testing

@testable import RetortCore

@Suite struct ServerEnvironmentTests {
  private func model(_ alias: String, launch: [String]?, key: String? = nil, headers: [String: String] = [:])
    -> ModelSpec
  {
    var model = ModelSpec(alias: alias, name: alias)
    model.launch = launch
    model.apiKeyEnv = key
    model.headersEnv = headers
    return model
  }

  @Test func aServerSeesItsOwnKeyAndNoOther() {
    var own = model("own", launch: ["serve"], key: "LOCAL_KEY")
    own.launchVariables = ["HF_TOKEN"]
    let models = [
      own, model("same", launch: ["serve"], key: "SECOND"), model("other", launch: ["other"], key: "OTHER"),
      model("far", launch: nil, key: "FAR_KEY", headers: ["X-Auth": "GATEWAY"]),
    ]
    let open = [
      "PATH": "/bin", "HOME": "/h", "LANG": "C", "RETORT_MODELS": "m", "TOKENIZERS_PARALLELISM": "false",
      "SSH_AUTH_SOCK": "/s", "MAX_TOKENS": "5", "LOCAL_KEY": "l", "SECOND": "s", "HF_TOKEN": "h",
    ]
    let closed = [
      "FAR_KEY": "key-of-the-far-one", "GATEWAY": "g", "OTHER": "o", "OPENAI_API_KEY": "a",
      "GITHUB_TOKEN": "t",
      "AWS_SECRET_ACCESS_KEY": "x", "DB_PASSWORD": "p", "PGPASSWORD": "p", "MY_SECRET": "x",
      "ALIAS": "key-of-the-far-one",
    ]
    #expect(ServerEnvironment.variables(of: own, among: models, open.merging(closed) { $1 }) == open)
  }

  @Test func aNameSaysWhetherItIsSecret() {
    let secret = [
      "Authorization", "api-key", "X-Api-Key", "x-goog-api-key", "Ocp-Apim-Subscription-Key", "X-ApiKey",
      "X-Auth",
      "X-Auth-Token", "Cookie", "Proxy-Authorization", "X-Amz-Security-Token", "CF-Access-Client-Secret",
      "apikey",
      "X_SIGNATURE", "OPENAI_API_KEY", "authToken", "Private-Token", "X-Password", "X-Credential",
    ]
    #expect(secret.filter { !SecretName.says($0) } == [])
    let open = [
      "X-Team", "Idempotency-Key", "X-Idempotency-Key", "prompt_cache_key", "max_tokens", "eos_token",
      "X-Author",
      "OpenAI-Organization", "X-Title", "X-Request-Id", "Monkey", "anthropic-version", "tokenizer",
      "HTTP-Referer",
    ]
    #expect(open.filter(SecretName.says) == [])
  }
}
