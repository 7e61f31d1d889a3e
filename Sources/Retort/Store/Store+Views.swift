internal import GRDB

extension Store {
  /// Makes the views that people read: one for each stage of the newest run of each pipeline, and the ledgers.
  static func makeViews(_ db: Database) throws {}
}
