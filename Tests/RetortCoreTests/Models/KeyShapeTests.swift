import Testing

@testable import RetortCore

@Suite struct KeyShapeTests {
  @Test(arguments: [
    "sk-proj-4fT9aBcD3eFgH1iJ", "sk-ant-api03-abcdEFGH1234ijkl-xyzXYZ",
    "AIzaSyA1234567890abcdefghijklmnopqrstu",
    "gsk_abcdefgh12345678ABCD", "hf_AbCdEfGhIjKlMnOpQrSt", "ghp_abcdefghij0123456789",
    "xai-abcdefghij0123456789",
    "github_pat_11ABCDEFG0123456789_abc", "r8_abcdefghij0123456789", "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "aZ3kQ9vB2mX7tR1wY6pL4sD8",
  ]) func theFormsOfKeysAreKnown(key: String) {
    #expect(KeyShape.keys(in: key) == [key[...]])
    #expect(KeyShape.hidden("a --key=\(key), b") == "a --key=[key], b" || KeyShape.hidden(key) == "[key]")
  }

  @Test func whatFollowsBearerIsOneAndAPasswordInAnAddress() {
    #expect(KeyShape.hidden("Authorization: Bearer abcdef123456") == "Authorization: Bearer [key]")
    #expect(KeyShape.hidden("postgres://me:swordfish@host/db") == "postgres://me:[key]@host/db")
  }

  @Test(arguments: [
    "gpt-4o-mini-2024-07-18", "sk-learn-text-classifier-v2", "Qwen/Qwen2.5-Coder-32B-Instruct-GPTQ-Int4",
    "smollm2-135m-instruct-q4_1.gguf", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sha256:9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
    "123e4567-e89b-12d3-a456-426614174000", "/home/me/Models/TinyLlama-1.1B/model-00001-of-00002.safetensors",
    "http://127.0.0.1:8080/v1", "meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo",
    "hf_internal-testing/tiny-random",
    "a basic understanding of things", "${OPENAI_API_KEY}", "Qwen2VL7BInstructGPTQInt4",
    "data:image/png;base64,aZ3kQ9vB2mX7tR1wY6pL4sD8", "2026-01-02T03:04:05.678Z",
    "us-east-1-long-host-name.example.com",
  ]) func otherWordsAreNone(text: String) {
    #expect(KeyShape.keys(in: text) == [])
  }

  @Test func aSettingHidesWhatItsNameCallsSecret() {
    #expect(KeyShape.hidden(setting: "t.extra_body.api_key=hunter2hunter2") == "t.extra_body.api_key=[key]")
    #expect(KeyShape.hidden(setting: "t.api_key_env=OPENAI_API_KEY") == "t.api_key_env=OPENAI_API_KEY")
    #expect(KeyShape.hidden(setting: "t.extra_body.max_tokens=5") == "t.extra_body.max_tokens=5")
  }
}
