internal import RetortStore

/// Why a page cannot be shown: a fact, and where to go from there.
struct Refusal: Error {
  /// HTTP status codes.
  enum Kind: Int {
    case badRequest = 400
    case notFound = 404
    case notAllowed = 405
    case misdirected = 421
    case broken = 500
  }

  let kind: Kind
  let fact: String
  let back: (address: String, name: String)

  init(_ kind: Kind, _ fact: String, back: (address: String, name: String) = ("/", "all runs")) {
    self.kind = kind
    self.fact = fact
    self.back = back
  }
}
