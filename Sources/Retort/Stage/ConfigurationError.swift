/// A value under `with:` whose type is right and whose content is not.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The key, what was expected and what was found.
  package let description: String

  package init(_ description: String) { self.description = description }
}
