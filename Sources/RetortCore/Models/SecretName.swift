/// Tells by its name what holds a secret: a header, an environment variable, a field.
package enum SecretName {
  /// A name whose words say `key`, `token`, `secret`, `auth`, `cookie`, `password`, `credential`, `signature` and the like, in
  /// any case and however they are joined. `Idempotency-Key`, `prompt_cache_key`, `max_tokens` and `eos_token` name no
  /// secret.
  package static func says(_ name: some StringProtocol) -> Bool {
    let words = words(of: name)
    return words.indices.contains { index in
      let word = words[index]
      if strong.contains(word) || endings.contains(where: { word.count > $0.count && word.hasSuffix($0) }) {
        return true
      }
      let before = index > 0 ? words[index - 1] : ""
      return weak.contains(word) && !friends.contains(before)
    }
  }

  private static let strong: Set<String> = [
    "secret", "secrets", "auth", "authorization", "authorisation", "authentication", "cookie", "cookies",
    "password", "passwords", "passwd", "pwd", "passphrase", "passcode", "apikey", "credential", "credentials",
    "signature", "bearer", "jwt", "pat", "cred", "creds", "sas", "pin",
  ]
  private static let weak: Set<String> = ["key", "keys", "token"]
  private static let endings = [
    "apikey", "apikeys", "accesskey", "authkey", "privatekey", "secretkey", "subscriptionkey", "token",
    "secret",
    "password", "passwd",
  ]
  /// Before `key` or `token` they make the name of something open.
  private static let friends: Set<String> = [
    "idempotency", "cache", "partition", "routing", "sort", "primary", "foreign", "public", "shard", "max",
    "min",
    "per", "eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "start", "end", "special", "first",
    "last",
    "think", "image",
  ]

  /// `X-ApiKey` is x, api, key; `OPENAI_API_KEY` openai, api, key.
  private static func words(of name: some StringProtocol) -> [String] {
    var words: [String] = [""]
    var wasSmall = false
    for character in name {
      let isWord = character.isLetter || character.isNumber
      if !isWord || wasSmall && character.isUppercase { words.append("") }
      if isWord { words[words.count - 1] += character.lowercased() }
      wasSmall = isWord && !character.isUppercase
    }
    return words.filter { !$0.isEmpty }
  }
}
