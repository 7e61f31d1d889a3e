/// Identifiers of rows as people see and type them: `r_` and at least 8 hex digits of the content's digest.
package enum RowID {
  package static func text(_ digest: Digest, digits: Int = 12) -> String { "r_" + digest.hex.prefix(digits) }
}
