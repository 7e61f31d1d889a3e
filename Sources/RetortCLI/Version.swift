/// Which Retort this is. Raised with the release that CHANGELOG.md dates.
enum Version {
  static let number = "0.1.0"
}
